"""What synapses that learn need: neurons that tell their y1, y2 and y3, full matrices in which only some pairs are synapses, a watcher."""

from pathlib import Path

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.models import PyLearningDenseModelBitApproximate
from lava.proc.dense.process import LearningDense
from lava.proc.lif.models import PyLearningLIFModelFixed
from lava.proc.lif.process import LearningLIF

LOWEST, HIGHEST = -128, 127
"""What a neuron can tell."""


class TellingLIF(LearningLIF):
    """Neurons that send y1, y2, y3 to the synapses that learn by them.

    A y with an impulse is a trace of the neuron's own spikes, any other is what arrives at ``third_in`` in this step, where place k n + i
    is meant for y(k + 1) of neuron i of n.
    """

    def __init__(self, *, shape, rule, impulses, taus, seed, **parameters):
        LearningLIF.__init__(self, shape=shape, learning_rule=rule, impulses=impulses, taus=taus, seed=seed, **parameters)
        self.third_in = InPort(shape=(3 * shape[0],))


@implements(proc=TellingLIF, protocol=LoihiProtocol)
class TellingLIFModel(PyLearningLIFModelFixed):
    """The membrane is Lava's."""

    implements_process = None  # else Lava refuses a model that derives from another
    third_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params):
        PyLearningLIFModelFixed.__init__(self, proc_params)
        self.impulses, self.taus = proc_params["impulses"], proc_params["taus"]
        self.random = np.random.default_rng(proc_params["seed"])
        self.told = np.zeros((3, *proc_params["shape"]), int)

    def run_spk(self):
        PyLearningLIFModelFixed.run_spk(self)
        arrived = self.third_in.recv().reshape(self.told.shape)
        number = self.random.random()
        for k in range(3):
            if self.impulses[k]:
                left = np.exp(-1 / self.taus[k]) * self.told[k] if self.taus[k] else np.zeros(self.told[k].shape)
                value = np.floor(left).astype(int) + (number < left % 1)
                self.told[k] = np.minimum(value + self.impulses[k] * self.s_out_buff, HIGHEST)
            else:
                self.told[k] = np.clip(arrived[k], LOWEST, HIGHEST)
        self.s_out_bap.send(self.s_out_buff)
        for port, value in zip((self.s_out_y1, self.s_out_y2, self.s_out_y3), self.told):
            port.send(value)


class PartialDense(LearningDense):
    """Some pairs of a full matrix: the others have no weight and no tags, whatever the rule says. ``exists``: which are synapses."""

    def __init__(self, *, exists, **parameters):
        LearningDense.__init__(self, exists=exists, **parameters)


@implements(proc=PartialDense, protocol=LoihiProtocol)
class PartialDenseModel(PyLearningDenseModelBitApproximate):
    """Learning is Lava's; its own sparse synapses cannot compute all factors."""

    implements_process = None  # else Lava refuses a model that derives from another

    def __init__(self, proc_params):
        PyLearningDenseModelBitApproximate.__init__(self, proc_params)
        self.exists = proc_params["exists"]

    def run_lrn(self):
        PyLearningDenseModelBitApproximate.run_lrn(self)
        self.weights, self.tag_1, self.tag_2 = (np.where(self.exists, values, 0) for values in (self.weights, self.tag_1, self.tag_2))


class SynapseWatcher(AbstractProcess):
    """Keeps weights and tags of synapses at the end of the steps that ``due`` (T,) marks."""

    def __init__(self, *, shape, due, path):
        AbstractProcess.__init__(self, shape=shape, due=due, path=path)
        self.w, self.t, self.d = (RefPort(shape=shape) for _ in range(3))


@implements(proc=SynapseWatcher, protocol=LoihiProtocol)
@requires(CPU)
class SynapseWatcherModel(PyLoihiProcessModel):
    """Lava counts steps from 1."""

    w: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    t: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    d: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params):
        PyLoihiProcessModel.__init__(self, proc_params)
        self.due, self.path = proc_params["due"], proc_params["path"]
        self.kept = {"w": [], "t": [], "d": []}
        self.heartbeat = Path(self.path).with_name("heartbeat")

    def run_spk(self):
        self.heartbeat.touch()  # the run goes on

    def post_guard(self):
        return self.due[self.time_step - 1] or self.time_step == len(self.due)

    def run_post_mgmt(self):
        if self.due[self.time_step - 1]:
            for name, port in (("w", self.w), ("t", self.t), ("d", self.d)):
                self.kept[name].append(port.read())
        if self.time_step == len(self.due):
            np.savez(self.path, steps=np.flatnonzero(self.due), **{name: np.array(values) for name, values in self.kept.items()})
