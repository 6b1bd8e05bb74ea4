"""What the processor offers that Python has no word for; waiting for other threads."""

import platform

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

# ---- kernels --------------------------------------------------------------------------------------------------------
JIT = dict(cache=True, error_model="numpy", nogil=True, boundscheck=False)
X86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
u32, u64, i64, i32 = np.uint32, np.uint64, np.int64, np.int32
FLUSH_TO_ZERO = 0x9FC0


@intrinsic
def prefetch(context, array, index):
    """Ask for the cache line of array[index]."""

    def generate(target, builder, signature, arguments):
        data = target.make_array(signature.args[0])(target, builder, arguments[0]).data
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), [pointer, number(0), number(3), number(1)])
        return target.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def float_control(context, value):
    """Set the floating-point control word of this thread to ``value`` and return the old one (0 where there is none)."""

    def generate(target, builder, signature, arguments):
        number = ir.IntType(32)
        if not X86:
            return number(0)
        slot = cgutils.alloca_once(builder, number)
        pointer = builder.bitcast(slot, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.stmxcsr"), [pointer])
        old = builder.load(slot)
        builder.store(arguments[0], slot)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.ldmxcsr"), [pointer])
        return old

    return types.uint32(types.uint32), generate


@intrinsic
def atomic_add(context, array, index, value):
    """Sequentially consistent fetch-and-add on an element of an int64 array."""

    def generate(target, builder, signature, arguments):
        data = target.make_array(signature.args[0])(target, builder, arguments[0]).data
        return builder.atomic_rmw("add", builder.gep(data, [arguments[1]]), arguments[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), generate


@intrinsic
def keep_apart(context):
    """Marks the calling function as not to be inlined: the time loop then compiles in half the time, and its kernels stay small."""

    def generate(target, builder, signature, arguments):
        builder.function.attributes.add("noinline")
        return target.get_dummy_value()

    return types.void(), generate


@intrinsic
def cut(context, array, first, size):
    """A stretch of a one-dimensional array that owns nothing: no reference is counted, whoever holds the array keeps it."""
    view = types.Array(array.dtype, 1, "C")

    def generate(target, builder, signature, arguments):
        whole = target.make_array(signature.args[0])(target, builder, arguments[0])
        part = target.make_array(view)(target, builder)
        shape = cgutils.pack_array(builder, [arguments[2]])
        strides = cgutils.pack_array(builder, [whole.itemsize])
        populate_array(part, builder.gep(whole.data, [arguments[1]]), shape, strides, whole.itemsize, None)
        return part._getvalue()

    return view(array, types.intp, types.intp), generate


@intrinsic
def give_way(context):
    """Let another thread run on this core."""

    def generate(target, builder, signature, arguments):
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return target.get_dummy_value()

    return types.void(), generate


@intrinsic
def fma(context, a, b, c):
    """a * b + c with one rounding."""

    def generate(target, builder, signature, arguments):
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@intrinsic
def bits_of(context, x):
    """The 64 bits of a double."""

    def generate(target, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def double_of(context, x):
    """The double of 64 bits."""

    def generate(target, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def single_of(context, x):
    """The single of 32 bits."""

    def generate(target, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@njit(**JIT)
def wait_for_all(counter, threads, generation):
    """Barrier: spin shortly, then give way, so that threads that share a core do not starve each other."""
    if threads > 1:
        goal = (generation + 1) * threads
        atomic_add(counter, 0, 1)
        tries = 0
        while atomic_add(counter, 0, 0) < goal:
            tries += 1
            if tries > 2000:
                give_way()
    return generation + 1
