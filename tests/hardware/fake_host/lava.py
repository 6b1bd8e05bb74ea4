"""A stand-in for Lava with its extension for Loihi: the public names that a deployed run uses, executed step by step in one process.

Put its folder on PYTHONPATH. The neurons are the chip's integers, written here a second time; probes of a voltage read 128 after a spike,
as the chip's do. Synapses learn without random numbers: what is left of a trace or a weight is cut off. Anything that the real one would
refuse, such as an unknown argument, is refused loudly. FAKE_CHIP: 'absent', 'fails', 'hangs', or 'forgets' (probes lose what was before a
pause); FAKE_LOG: where the process id of a run goes, and which host was asked for.
"""

from __future__ import annotations

import enum
import os
import re
import sys
import time
from types import ModuleType

import numpy as np

__path__: list[str] = []
MODELS: dict[type, type] = {}


# ---- ports, processes ------------------------------------------------------------------------------------------------------
class Port:
    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.peers, self.value = tuple(shape), [], np.zeros(shape, np.int64)

    def connect(self, other: Port) -> None:
        if self.shape != other.shape:
            raise ValueError(f"shapes differ: {self.shape} and {other.shape}")
        self.peers.append(other)
        other.peers.append(self)

    def received(self) -> np.ndarray:
        return sum((peer.value for peer in self.peers), np.zeros(self.shape, np.int64))


class Var:
    def __init__(self, process: Process, name: str, value: object) -> None:
        self.process, self.name = process, name
        self.value = np.broadcast_to(np.asarray(value, np.int64), process.shape).copy()

    def get(self) -> np.ndarray:
        if not RUNNING:
            raise AttributeError("'NoneType' object has no attribute 'get_var'")
        return self.value.copy()


class Process:
    def __init__(self, **parameters: object) -> None:
        self.parameters, self.shape = parameters, tuple(parameters["shape"])

    def ports(self) -> list[Port]:
        return [value for value in vars(self).values() if isinstance(value, Port)]

    def run(self, condition: RunSteps, settings: Loihi2HwCfg) -> None:
        if os.environ.get("FAKE_CHIP") == "fails":
            raise RuntimeError("Partitioning could not converge")
        if os.environ.get("FAKE_CHIP") == "hangs":
            with open(os.environ["FAKE_LOG"], "w") as file:
                file.write(str(os.getpid()))
            time.sleep(1000)
        if os.environ.get("FAKE_CHIP") == "forgets":
            for probe in settings.probes:
                probe.rows.clear()
        everyone = connected(self)
        begin = RUNNING.get("steps", 0)
        RUNNING["steps"] = begin + condition.steps
        for step in range(begin + 1, begin + condition.steps + 1):
            advance(everyone, step)
            for probe in settings.probes:
                probe.take()

    def stop(self) -> None:
        RUNNING.clear()


def connected(first: Process) -> list[Process]:
    found, owner = [first], {}
    for process in ALL:
        owner.update({id(port): process for port in process.ports()})
    for process in found:
        for port in process.ports():
            found += [owner[id(peer)] for peer in port.peers if owner[id(peer)] not in found]
    return found


ALL: list[Process] = []
RUNNING: dict[str, int] = {}


def registered(process: Process) -> None:
    ALL.append(process)


def advance(everyone: list[Process], step: int) -> None:
    """Connections tell what they computed, neurons fire, adapters pass on, connections see the new spikes, recorders take them."""
    for kind in (Connection, Neuron, Sender, Adapter):
        for process in everyone:
            if isinstance(process, kind):
                process.tell(step)
    for process in everyone:
        if isinstance(process, Connection):
            process.hear(step)
    for process in everyone:
        if isinstance(process, Own) and not isinstance(process, Sender):
            process.tell(step)


# ---- processes of ours, which bring their models ---------------------------------------------------------------------------
class Own(Process):
    """AbstractProcess: the model is what was declared with @implements."""

    model: object = None

    def __init__(self, **parameters: object) -> None:
        Process.__init__(self, **parameters)
        registered(self)

    def tell(self, step: int) -> None:
        if self.model is None:
            self.model = MODELS[type(self)](self.parameters)
            for name, port in vars(self).items():
                if isinstance(port, Port):
                    setattr(self.model, name, Ends(port))
        self.model.time_step = step
        self.model.run_spk()


class MeansSender(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Own) and "s_out" in vars(instance) and "a_in" not in vars(instance)


class Sender(metaclass=MeansSender):
    """A process of ours that only sends."""


class Ends:
    def __init__(self, port: Port) -> None:
        self.port = port

    def send(self, values: np.ndarray) -> None:
        self.port.value = np.asarray(values, np.int64)

    def recv(self) -> np.ndarray:
        return self.port.received()


class Model:
    def __init__(self, parameters: object) -> None:
        self.parameters, self.time_step = parameters, 0


def implements(proc: type, protocol: type) -> object:
    def keep(model: type) -> type:
        MODELS[proc] = model
        return model

    return keep


def requires(resource: type) -> object:
    return lambda model: model


class Typed:
    VEC_DENSE = "dense"

    def __init__(self, *kinds: object) -> None:
        pass


# ---- neurons ---------------------------------------------------------------------------------------------------------------
def truncated(x: np.ndarray, k: int) -> np.ndarray:
    return np.sign(x) * (np.abs(x) * k // 4096)


class Neuron(Process):
    def __init__(self, *, shape: tuple[int, ...], u: object = 0, v: object = 0, du: int, dv: int, vth: int, bias_mant: object = 0, bias_exp: int = 0) -> None:
        Process.__init__(self, shape=shape)
        for name, value in (("du", du), ("dv", dv), ("vth", vth), ("bias_exp", bias_exp)):
            if not isinstance(value, int):
                raise TypeError(f"{name} must be one int on the chip, got {value!r}")
        self.du, self.dv, self.vth, self.bias = du, dv, vth, np.asarray(bias_mant, np.int64) << bias_exp
        self.u, self.v = Var(self, "u", u), Var(self, "v", v)
        self.a_in, self.s_out = Port(shape), Port(shape)
        self.left, self.hold = np.zeros(shape, np.int64), 1
        registered(self)

    def tell(self, step: int) -> None:
        u = truncated(self.u.value, 4096 - (self.du + 1)) + (self.a_in.received() << 6)
        u = np.where(u > 1 << 23, u - (1 << 24), u)
        self.u.value = np.where(u <= -(1 << 23), u + (1 << 24), u)
        v = np.clip(truncated(self.v.value, 4096 - self.dv) + self.u.value + self.bias, -(1 << 23) + 1, (1 << 23) - 1)
        self.left = np.maximum(self.left - 1, 0)
        free = self.left == 0
        fires = free & (v > self.vth << 6)
        self.v.value = np.where(free, np.where(fires, 0, v), self.v.value)
        self.left[fires] = self.hold
        self.s_out.value = fires.astype(np.int64)


class HeldNeuron(Neuron):
    def __init__(self, *, refractory_period: int, **others: object) -> None:
        Neuron.__init__(self, **others)
        self.hold = refractory_period + 1


class Unavailable:
    def __init__(self, **others: object) -> None:
        raise NotImplementedError("not on this stand-in")


# ---- synapses --------------------------------------------------------------------------------------------------------------
class SignMode(enum.Enum):
    MIXED, EXCITATORY, INHIBITORY = 1, 2, 3


class Connection(Process):
    def __init__(self, *, weights: object, delays: object = None, weight_exp: int = 0, num_weight_bits: int = 8, sign_mode: SignMode = SignMode.MIXED, num_message_bits: int = 0) -> None:
        matrix = np.asarray(weights.todense() if hasattr(weights, "todense") else weights, np.int64)
        Process.__init__(self, shape=matrix.shape)
        late = delays.todense() if hasattr(delays, "todense") else delays
        self.weights, self.exponent, self.graded = matrix, weight_exp, num_message_bits > 0
        self.late = np.zeros(matrix.shape, int) if late is None else np.asarray(late, int)
        self.s_in, self.a_out = Port(matrix.shape[1:]), Port(matrix.shape[:1])
        self.coming: dict[int, np.ndarray] = {}
        registered(self)

    def tell(self, step: int) -> None:
        self.a_out.value = self.coming.pop(step, np.zeros(self.shape[0], np.int64))

    def hear(self, step: int) -> None:
        spikes = self.s_in.received()
        sent = spikes if self.graded else (spikes != 0).astype(np.int64)
        for delay in np.unique(self.late):
            total = np.where(self.late == delay, self.weights, 0) @ sent
            total = total << self.exponent if self.exponent >= 0 else total >> -self.exponent
            when = step + 1 + int(delay)
            self.coming[when] = self.coming.get(when, 0) + total


class LearningConnection(Connection):
    """LearningDense: one step per epoch, products of x0, x1, y0, y1 and w."""

    def __init__(self, *, weights: np.ndarray, learning_rule: Rule, tag_1: np.ndarray, tag_2: np.ndarray, sign_mode: SignMode, **others: object) -> None:
        Connection.__init__(self, weights=weights, sign_mode=sign_mode, **others)
        self.rule, self.limits = learning_rule, {"MIXED": (-256, 255), "EXCITATORY": (0, 255), "INHIBITORY": (-255, 0)}[sign_mode.name]
        self.s_in_bap = Port(self.shape[:1])
        self.traces = {"x1": np.zeros(self.shape[1], np.int64), "y1": np.zeros(self.shape[0], np.int64)}
        self.tag_1, self.tag_2 = Var(self, "tag_1", tag_1), Var(self, "tag_2", tag_2)
        self.weights = Var(self, "weights", self.weights)

    def hear(self, step: int) -> None:
        var = self.weights
        self.weights = var.value
        Connection.hear(self, step)
        self.weights = var
        fired = {"x": self.s_in.received() != 0, "y": self.s_in_bap.received() != 0}
        for name in self.traces:
            tau, impulse = self.rule.settings[f"{name}_tau"], int(self.rule.settings[f"{name}_impulse"])
            left = np.floor(self.traces[name] * np.exp(-1 / tau)).astype(int) if tau else 0
            self.traces[name] = np.minimum(left + impulse * fired[name[0]], 127)
        known = {"x0": fired["x"][None, :], "x1": self.traces["x1"][None, :], "y0": fired["y"][:, None], "y1": self.traces["y1"][:, None], "w": var.value}
        sums = {target: self.rule.total(target, known, self.shape) for target in ("dw", "dt", "dd")}
        var.value = np.clip(var.value + sums["dw"], *self.limits)
        self.tag_1.value = np.clip(self.tag_1.value + sums["dt"], -257, 255)
        self.tag_2.value = np.clip(self.tag_2.value + sums["dd"], 0, 255)


class Rule:
    """Loihi2FLearningRule."""

    def __init__(
        self, *, dw: str = "", dd: str = "", dt: str = "", x1_impulse: float = 0, x1_tau: float = 0, x2_impulse: float = 0, x2_tau: float = 0,
        y1_impulse: float = 0, y1_tau: float = 0, y2_impulse: float = 0, y2_tau: float = 0, y3_impulse: float = 0, y3_tau: float = 0,
        t_epoch: int = 1, rng_seed: int = 0,
    ) -> None:  # fmt: skip
        if t_epoch != 1 or any((x2_impulse, y2_impulse, y3_impulse)):
            raise NotImplementedError("not on this stand-in")
        self.settings = dict(x1_impulse=x1_impulse, x1_tau=x1_tau, y1_impulse=y1_impulse, y1_tau=y1_tau)
        self.products = {"dw": parsed(dw), "dd": parsed(dd), "dt": parsed(dt)}

    def total(self, target: str, known: dict[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        whole = np.zeros(shape)
        for scale, factors in self.products[target]:
            product = np.full(shape, scale)
            for factor in factors:
                product = product * known[factor]
            whole += product
        return np.floor(whole).astype(np.int64)


PRODUCT = re.compile(r"(?P<sign>[+-]?) ?\((?P<mantissa>\d+)\) \* 2\^(?P<exponent>-?\d+)(?P<factors>( \* (x0|x1|y0|y1|w))+)(?: |\Z)")


def parsed(text: str) -> list[tuple[float, list[str]]]:
    found, place = [], 0
    while place < len(text):
        product = PRODUCT.match(text, place)
        if product is None:
            raise NotImplementedError(f"not on this stand-in: {text[place:]}")
        scale = int(product["mantissa"]) * 2.0 ** int(product["exponent"]) * (-1 if product["sign"] == "-" else 1)
        found.append((scale, product["factors"].removeprefix(" * ").split(" * ")))
        place = product.end()
    return found


# ---- between the host and the chip -----------------------------------------------------------------------------------------
class Adapter(Process):
    def __init__(self, *, shape: tuple[int, ...], num_message_bits: int = 0) -> None:
        Process.__init__(self, shape=shape)
        self.inp, self.out = Port(shape), Port(shape)
        registered(self)

    def tell(self, step: int) -> None:
        self.out.value = self.inp.received()


class StateProbe:
    """``time_series``: one neuron after the other."""

    def __init__(self, var: Var) -> None:
        self.var, self.rows = var, []

    def take(self) -> None:
        values = self.var.value.copy()
        if self.var.name == "v":
            values = np.where(self.var.process.left > 0, 128 * self.var.process.left, values)
        self.rows.append(values)

    @property
    def time_series(self) -> np.ndarray:
        return np.array(self.rows).T.reshape(-1)


class RunSteps:
    def __init__(self, num_steps: int, blocking: bool = True) -> None:
        self.steps = num_steps


class Loihi2HwCfg:
    def __init__(self, callback_fxs: list[StateProbe] | None = None) -> None:
        self.probes = callback_fxs or []


class ChipGeneration(enum.Enum):
    N3B2, N3B3, N3C1 = "N3B2", "N3B3", "N3C1"


def is_installed() -> bool:
    return os.environ.get("FAKE_CHIP") != "absent"


def use_slurm_host(partition: str | None = None, board: str | None = None, loihi_gen: ChipGeneration = ChipGeneration.N3B3) -> None:
    print(f"slurm: partition {partition}, board {board}, generation {loihi_gen.value}")
    log = os.environ.get("FAKE_LOG")
    if log:
        with open(log, "w") as file:
            file.write(f"{partition} {board} {loihi_gen.value}")


class Nothing:
    pass


NAMES = {
    "lava.magma.core.decorator": {"implements": implements, "requires": requires},
    "lava.magma.core.model.py.model": {"PyLoihiProcessModel": Model},
    "lava.magma.core.model.py.ports": {"PyInPort": Typed, "PyOutPort": Typed, "PyRefPort": Typed},
    "lava.magma.core.model.py.type": {"LavaPyType": Typed},
    "lava.magma.core.process.ports.ports": {"InPort": Port, "OutPort": Port, "RefPort": Port},
    "lava.magma.core.process.process": {"AbstractProcess": Own},
    "lava.magma.core.resources": {"CPU": Nothing},
    "lava.magma.core.sync.protocols.loihi_protocol": {"LoihiProtocol": Nothing},
    "lava.magma.core.run_conditions": {"RunSteps": RunSteps},
    "lava.magma.core.run_configs": {"Loihi2HwCfg": Loihi2HwCfg},
    "lava.magma.compiler.var_model": {},
    "lava.magma.core.learning.learning_rule": {"Loihi2FLearningRule": Rule, "Loihi3FLearningRule": Unavailable},
    "lava.proc.lif.process": {"LIF": Neuron, "LIFRefractory": HeldNeuron, "LIFReset": Unavailable, "TernaryLIF": Unavailable, "LearningLIF": Unavailable},
    "lava.proc.atrlif.process": {"ATRLIF": Unavailable},
    "lava.proc.graded.process": {"GradedVec": Unavailable, "GradedReluVec": Unavailable},
    "lava.proc.dense.process": {"Dense": Connection, "DelayDense": Connection, "LearningDense": LearningConnection},
    "lava.proc.sparse.process": {"Sparse": Connection, "DelaySparse": Connection},
    "lava.proc.embedded_io.spike": {"PyToNxAdapter": Adapter, "NxToPyAdapter": Adapter},
    "lava.utils.loihi": {"is_installed": is_installed, "use_slurm_host": use_slurm_host, "ChipGeneration": ChipGeneration},
    "lava.utils.loihi2_state_probes": {"StateProbe": StateProbe},
    "lava.utils.weightutils": {"SignMode": SignMode},
}
for place, names in NAMES.items():
    parts = place.split(".")
    for depth in range(2, len(parts) + 1):
        name = ".".join(parts[:depth])
        if name not in sys.modules:
            sys.modules[name] = ModuleType(name)
            sys.modules[name].__path__ = []
            setattr(sys.modules[".".join(parts[: depth - 1])], parts[depth - 1], sys.modules[name])
    # Each process is called what its public name is.
    own = {name: type(name, (found,), {}) if place.startswith("lava.proc.") else found for name, found in names.items()}
    vars(sys.modules[place]).update(own)
