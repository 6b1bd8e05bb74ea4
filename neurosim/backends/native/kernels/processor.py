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
u32, u64, i64, i32, f32 = np.uint32, np.uint64, np.int64, np.int32, np.float32
FLUSH_TO_ZERO = 0x9FC0
FUTEX = {"x86_64": 202, "aarch64": 98}.get(platform.machine(), 0) if platform.system() == "Linux" else 0
FUTEX_WAIT, FUTEX_WAKE = 128, 129
SPINS = 10_000  # about ten microseconds: as long as threads differ in a step when each has a core


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
def header(context, target, place):
    """Number of records of the bucket whose header is target[place]; -1 in a row that has ended: the cursor then stays where it is."""

    def generate(compiler, builder, signature, arguments):
        data = compiler.make_array(signature.args[0])(compiler, builder, arguments[0]).data
        number, long = builder.load(builder.gep(data, [arguments[1]])), ir.IntType(64)
        if number.type.width == 32:
            return builder.sext(number, long)
        return number if number.type.width == 64 else builder.zext(number, long)

    return types.int64(target, types.intp), generate


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
def load_now(context, array, index):
    """Sequentially consistent load of an element of an int64 array."""

    def generate(target, builder, signature, arguments):
        data = target.make_array(signature.args[0])(target, builder, arguments[0]).data
        return builder.load_atomic(builder.gep(data, [arguments[1]]), "seq_cst", 8)

    return types.int64(array, types.intp), generate


def call_kernel(target, builder, signature, arguments, operation):
    """Ask Linux to wait at, or to wake those that wait at, an element of an int64 array; elsewhere let another thread run."""
    number, long = ir.IntType(32), ir.IntType(64)
    if FUTEX:
        data = target.make_array(signature.args[0])(target, builder, arguments[0]).data
        call = cgutils.get_or_insert_function(builder.module, ir.FunctionType(long, [long], var_arg=True), "syscall")
        place = builder.ptrtoint(builder.gep(data, [arguments[1]]), long)
        builder.call(call, [long(FUTEX), place, long(operation), arguments[2], long(0), long(0), long(0)])
    else:
        name = "SwitchToThread" if platform.system() == "Windows" else "sched_yield"
        builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(number, []), name), [])
    return target.get_dummy_value()


@intrinsic
def sleep_while(context, array, index, value):
    """Sleep while array[index] has this value."""

    def generate(target, builder, signature, arguments):
        return call_kernel(target, builder, signature, arguments, FUTEX_WAIT)

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def wake(context, array, index, most):
    """Wake those that sleep at array[index]."""

    def generate(target, builder, signature, arguments):
        return call_kernel(target, builder, signature, arguments, FUTEX_WAKE)

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def fma(context, a, b, c):
    """a * b + c with one rounding, of doubles or of singles."""

    def generate(target, builder, signature, arguments):
        return builder.fma(*arguments)

    return a(a, a, a), generate


@intrinsic
def bits_of(context, x):
    """The bits of a double or of a single."""
    bits = types.int64 if x.bitwidth == 64 else types.int32

    def generate(target, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(bits.bitwidth))

    return bits(x), generate


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
def wait_for_all(barrier, threads, generation):
    """Barrier: spin shortly, then sleep, so that threads that share a core with others do not starve each other.

    ``barrier``: arrivals, generation and sleepers at 0, 16 and 32, each in its own cache line.
    """
    if atomic_add(barrier, 0, 1) == threads * (generation + 1) - 1:
        atomic_add(barrier, 16, 1)
        if load_now(barrier, 32) > 0:
            wake(barrier, 16, i64(threads))
    else:
        tries = 0
        while load_now(barrier, 16) <= generation:
            tries += 1
            if tries > SPINS:
                atomic_add(barrier, 32, 1)
                sleep_while(barrier, 16, i64(generation))
                atomic_add(barrier, 32, -1)
    return generation + 1
