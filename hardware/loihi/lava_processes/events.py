"""Given events as a source of spikes; a recorder that keeps what it sees in its own process and writes one file at the end."""

import time
from pathlib import Path

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class Events(AbstractProcess):
    """Sends the payload of each event in its step; ``begin[t]`` is the first event of step t."""

    def __init__(self, *, shape, begin, indices, payloads):
        AbstractProcess.__init__(self, shape=shape, begin=begin, indices=indices, payloads=payloads)
        self.s_out = OutPort(shape=shape)


@implements(proc=Events, protocol=LoihiProtocol)
@requires(CPU)
class EventsModel(PyLoihiProcessModel):
    """Lava counts steps from 1."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params):
        PyLoihiProcessModel.__init__(self, proc_params)
        self.shape = proc_params["shape"]
        self.begin, self.indices, self.payloads = (proc_params[name] for name in ("begin", "indices", "payloads"))

    def run_spk(self):
        sent = np.zeros(self.shape, np.int32)
        step = self.time_step - 1
        if step + 1 < len(self.begin):
            chosen = slice(self.begin[step], self.begin[step + 1])
            np.add.at(sent, self.indices[chosen], self.payloads[chosen])
        self.s_out.send(sent)


class Recorder(AbstractProcess):
    """Keeps the spikes of one process."""

    def __init__(self, *, shape, steps, path):
        AbstractProcess.__init__(self, shape=shape, steps=steps, path=path)
        self.a_in = InPort(shape=shape)


class StateRecorder(AbstractProcess):
    """Keeps the spikes of one process and the values of two of its variables in every step."""

    def __init__(self, *, shape, steps, path):
        AbstractProcess.__init__(self, shape=shape, steps=steps, path=path)
        self.a_in = InPort(shape=shape)
        self.first, self.second = RefPort(shape=shape), RefPort(shape=shape)


class _Beat:
    """Says that the run goes on, by the date of a file, some times a second."""

    def __init__(self, path):
        self.path, self.last = Path(path).parent / "heartbeat", 0.0

    def __call__(self):
        now = time.monotonic()
        if now - self.last > 0.2:
            self.last = now
            self.path.touch()


class _Kept:
    """Events as they come, written into one file after the last step."""

    def __init__(self, proc_params):
        self.steps, self.path = proc_params["steps"], proc_params["path"]
        self.found = {"steps": [], "indices": [], "payloads": []}
        self.states = {"first": [], "second": []}
        self.beat = _Beat(self.path)

    def take(self, step, sent):
        indices = np.flatnonzero(sent)
        self.found["steps"].append(np.full(indices.size, step))
        self.found["indices"].append(indices)
        self.found["payloads"].append(sent[indices])
        self.beat()

    def write(self):
        events = {name: np.concatenate(chunks) for name, chunks in self.found.items()}
        np.savez(self.path, **events, **{name: np.array(values) for name, values in self.states.items() if values})


@implements(proc=Recorder, protocol=LoihiProtocol)
@requires(CPU)
class RecorderModel(PyLoihiProcessModel):
    """Lava counts steps from 1."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params):
        PyLoihiProcessModel.__init__(self, proc_params)
        self.kept = _Kept(proc_params)

    def run_spk(self):
        self.kept.take(self.time_step - 1, self.a_in.recv())
        if self.time_step == self.kept.steps:
            self.kept.write()


@implements(proc=StateRecorder, protocol=LoihiProtocol)
@requires(CPU)
class StateRecorderModel(PyLoihiProcessModel):
    """Values of RefPorts are read after all processes have computed the step."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    first: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    second: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params):
        PyLoihiProcessModel.__init__(self, proc_params)
        self.kept = _Kept(proc_params)

    def run_spk(self):
        self.kept.take(self.time_step - 1, self.a_in.recv())

    def post_guard(self):
        return True

    def run_post_mgmt(self):
        self.kept.states["first"].append(self.first.read())
        self.kept.states["second"].append(self.second.read())
        if self.time_step == self.kept.steps:
            self.kept.write()
