"""Cases of the standard neurons that are linear between spikes: closed forms."""

from __future__ import annotations

import math

import numpy as np

from neurosim.conformance.building import DT, Array, near, same, spikes_of, trace_of
from neurosim.conformance.case import Case, Run
from neurosim.conformance.vocabulary import (
    Cell,
    Floats,
    agrees,
    columns,
    driven,
    each,
    firing_steps,
    lowered,
    response,
    since,
    steps_of_cell,
)
from neurosim.ir.program import Program
from neurosim.network import Population, Probe, neurons
from neurosim.record import Record
from neurosim.units import Hz, ms, mV, nS, pA

STEPS = 1000
AT = (50, 70, 400)
"""Steps of the spikes that arrive at cell 0."""
CURRENTS = np.array([0.0, 420.0, 640.0, 1001.0])
"""pA; cell 0 only listens."""


def firing(record: Record, start: float, end: Array, tau: float, threshold: float, reset: float, hold: int) -> list[str]:
    """Cells 1, 2 ... fire exactly when an exponential says."""
    return [
        complaint
        for k in range(1, len(end))
        for complaint in same(
            f"spikes of cell {k}", steps_of_cell(record, k), firing_steps(start, float(end[k]), tau, threshold, reset, hold, STEPS)
        )
    ]


# ---- arrivals as voltages and currents -----------------------------------------------------------------------------------
def lif_delta() -> Program:
    """Arrivals of 3 mV; constant currents."""
    return driven(neurons.lif_delta, 4, STEPS, at=AT, into="v", weight=3 * mV, I_e=each(CURRENTS, pA), v=0 * mV)


def lif_delta_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Exponentials, and intervals of tau log(...)."""
    v = sum(np.where(t >= 0, 3.0 * np.exp(-t / 20.0), 0.0) for t in since(AT, STEPS))
    return near("v", trace_of(record, "cell", "v")[:, 0], v) + firing(record, 0.0, CURRENTS * 20.0 / 250.0, 20.0, 20.0, 10.0, 20)


def lif_exponential() -> Program:
    """Arrivals of 200 pA; constant currents."""
    return driven(neurons.lif_exponential, 4, STEPS, at=AT, into="I_syn", weight=200 * pA, I_e=each(CURRENTS, pA))


def lif_exponential_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A difference of exponentials with tau_m 10 ms, tau_syn 0.5 ms."""
    v = sum(200.0 * response(t, 0.5, 10.0, 250.0) for t in since(AT, STEPS)) - 65.0
    end = -65.0 + CURRENTS * 10.0 / 250.0
    return near("v", trace_of(record, "cell", "v")[:, 0], v) + firing(record, -65.0, end, 10.0, -50.0, -65.0, 20)


def lif_exponential_two() -> Program:
    """Arrivals at the slower, inhibitory current, an excitatory one to begin with; rest is below threshold."""
    return driven(
        neurons.lif_exponential_two, 4, STEPS, at=AT, into="I_inh", weight=-60 * pA, I_e=each(CURRENTS, pA), E_L=-65 * mV, v=-65 * mV,
        I_exc=each([30, 0, 0, 0], pA),
    )  # fmt: skip


def lif_exponential_two_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Differences of exponentials with tau_m 20 ms, tau_inh 10 ms, tau_exc 5 ms."""
    v = sum(-60.0 * response(t, 10.0, 20.0, 200.0) for t in since(AT, STEPS)) - 65.0
    v += 30.0 * response(np.arange(STEPS) * DT, 5.0, 20.0, 200.0)
    end = -65.0 + CURRENTS * 20.0 / 200.0
    return near("v", trace_of(record, "cell", "v")[:, 0], v) + firing(record, -65.0, end, 20.0, -50.0, -60.0, 50)


def lif_alpha() -> Program:
    """Arrivals that peak at 150 pA; constant currents."""
    return driven(neurons.lif_alpha, 4, STEPS, at=AT, into="a_syn", weight=150 * pA, I_e=each(CURRENTS, pA), record=("v", "I_syn"))


def lif_alpha_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """I = w (t / tau) exp(1 - t / tau), and its integral against the membrane."""
    tau, k = 2.0, 1.0 / 2.0 - 1.0 / 10.0
    times = [np.maximum(t, 0.0) for t in since(AT, STEPS)]
    current = sum(150.0 * t / tau * np.exp(1.0 - t / tau) for t in times)
    v = sum(150.0 * math.e / tau / 250.0 * np.exp(-t / 10.0) * (1.0 - np.exp(-k * t) * (1.0 + k * t)) / k**2 for t in times) - 70.0
    wrong = near("I_syn", trace_of(record, "cell", "I_syn")[:, 0], current) + near("v", trace_of(record, "cell", "v")[:, 0], v)
    return wrong + firing(record, -70.0, -70.0 + CURRENTS * 10.0 / 250.0, 10.0, -55.0, -70.0, 20)


RISE, DECAY = 0.5, np.array([5.0, 5.0, 0.25, 0.5, 5.0])
"""ms; the third cell rises slower than it decays, the fourth has equal constants, the fifth fires."""


def peak_of_difference(rise: float, decay: float) -> float:
    """The largest value of exp(-t / decay) - exp(-t / rise)."""
    t = rise * decay / (decay - rise) * math.log(decay / rise)
    return math.exp(-t / decay) - math.exp(-t / rise)


def lif_dual_exponential() -> Program:
    """Arrivals that peak at 150 pA, given as initial values to cells 1 to 3."""
    start, current = each([0.0, 150.0, 150.0, 150.0, 0.0], pA), each([0.0, 0.0, 0.0, 0.0, 900.0], pA)
    return driven(
        neurons.lif_dual_exponential, 5, STEPS, at=AT, into="a_syn", weight=150 * pA, record=("v", "I_syn"),
        a_syn=start, I_e=current, tau_rise=RISE * ms, tau_decay=each(DECAY, ms),
    )  # fmt: skip


def lif_dual_exponential_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A difference of exponentials over its peak; an alpha function where both constants are equal."""
    scale = 150.0 / peak_of_difference(RISE, 5.0)
    v = sum(scale * (response(t, 5.0, 10.0, 250.0) - response(t, RISE, 10.0, 250.0)) for t in since(AT, STEPS)) - 70.0
    t = np.arange(STEPS) * DT
    got, wrong = trace_of(record, "cell", "I_syn"), near("v", trace_of(record, "cell", "v")[:, 0], v)
    for k in (1, 2):
        shape = (np.exp(-t / DECAY[k]) - np.exp(-t / RISE)) / peak_of_difference(RISE, DECAY[k])
        wrong += near(f"I_syn of cell {k}", got[:, k], 150.0 * shape)
    wrong += near("I_syn of cell 3", got[:, 3], 150.0 * t / RISE * np.exp(1.0 - t / RISE))
    return wrong + same("spikes of cell 4", steps_of_cell(record, 4), firing_steps(-70.0, -34.0, 10.0, -55.0, -70.0, 20, STEPS))


# ---- the chip's words ----------------------------------------------------------------------------------------------------
BIAS = np.array([0.0, 4.0, 7.0, 12.5])


def lif_loihi() -> Program:
    """Arrivals of 40 in u; constant biases."""
    return driven(neurons.lif_loihi, 4, STEPS, at=(50, 51, 53, 54, 400), into="u", weight=40.0, bias=BIAS, record=("v", "u"))


def lif_loihi_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A loop in the chip's order: decay u and add what arrived, decay v and add u, compare, reset."""
    u, v, kept, spikes = [0.0] * 4, [0.0] * 4, [], []
    for n in range(STEPS):
        kept.append(tuple(v))
        for i in range(4):
            arrived = 40.0 if i == 0 and n - 1 in (50, 51, 53, 54, 400) else 0.0
            u[i] = (1.0 - 0.25) * u[i] + arrived
            v[i] = (1.0 - 0.03125) * v[i] + u[i] + BIAS[i]
            if v[i] > 100.0:
                spikes.append((n, i))
                v[i] = 0.0
    return same("spikes", spikes_of(record, "cell"), spikes) + near("v", trace_of(record, "cell", "v"), kept)


def lif_adaptive_loihi() -> Program:
    """Arrivals of 60 in u; constant biases."""
    return driven(neurons.lif_adaptive_loihi, 4, STEPS, at=(50, 51, 53, 54, 400), into="u", weight=60.0, bias=BIAS, record=("v", "u"))


def lif_adaptive_loihi_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A loop in the order of Lava's process: decay and add, compare, raise r by twice the threshold, then the threshold."""
    u, v, theta, r, kept, spikes = [0.0] * 4, [0.0] * 4, [100.0] * 4, [0.0] * 4, [], []
    for n in range(STEPS):
        kept.append(tuple(v))
        for i in range(4):
            arrived = 60.0 if i == 0 and n - 1 in (50, 51, 53, 54, 400) else 0.0
            u[i] = (1.0 - 0.25) * u[i] + arrived
            v[i] = (1.0 - 0.03125) * v[i] + u[i] + BIAS[i]
            theta[i] = (1.0 - 0.02) * (theta[i] - 100.0) + 100.0
            r[i] = (1.0 - 0.125) * r[i]
            if v[i] - r[i] >= theta[i]:
                spikes.append((n, i))
                r[i] = r[i] + 2.0 * theta[i]
                theta[i] = theta[i] + 20.0
    return same("spikes", spikes_of(record, "cell"), spikes) + near("v", trace_of(record, "cell", "v"), kept)


# ---- what tires ----------------------------------------------------------------------------------------------------------
ADAPTATION = (5.0, 60.0)
"""a in nS, tau_a in ms."""


def lif_adaptive() -> Program:
    """Subthreshold and spike-triggered adaptation under two currents; arrivals at a cell that does not fire."""
    return driven(
        neurons.lif_adaptive, 3, STEPS, at=AT, into="I_syn", weight=60 * pA, record=("v", "w_a"), I_e=each([300.0, 700.0, 900.0], pA),
        a=ADAPTATION[0] * nS, tau_a=ADAPTATION[1] * ms,
    )  # fmt: skip


def lif_adaptive_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Between spikes, the eigenvectors of the two equations; while held, w_a relaxes alone. Arrivals: fine steps."""
    c, g, (a, tau) = 500.0, 25.0, ADAPTATION

    def slope(x: Floats, since_spike: float) -> Floats:
        return ((-g * (x[0] + 70.0) - x[1] + x[2] + 300.0) / c, (a * (x[0] + 70.0) - x[1]) / tau, -x[2] / 5.0)

    jumps = tuple((n, 2, 60.0) for n in AT)
    listens = Cell(slope, (-70.0, 0.0, 0.0), lambda x: x[0] > -54.0, lambda x: x, jumps=jumps)
    wrong = agrees(record, [listens], ("v", "w_a"), STEPS, off=0, tolerance=1e-8, parts=1)
    values, vectors = np.linalg.eig(np.array([[-g / c, -1.0 / c], [a / tau, -1.0 / tau]]).astype(complex))
    back = np.linalg.inv(vectors)
    for k, current in ((1, 700.0), (2, 900.0)):
        rest = np.array([current / (g + a), a * current / (g + a)])
        x, last, begun, kept, spikes = np.zeros(2), -(10**9), 0, [], []
        for n in range(STEPS):
            if n < last + 20:
                now = np.array([x[0], a * x[0] + (x[1] - a * x[0]) * math.exp(-(n - begun) * DT / tau)])
                after = np.array([x[0], a * x[0] + (x[1] - a * x[0]) * math.exp(-(n + 1 - begun) * DT / tau)])
                if n == last + 19:
                    x, begun = after, n + 1
            else:
                now, after = ((vectors * np.exp(values * (m - begun) * DT)) @ back @ (x - rest) for m in (n, n + 1))
                now, after = now.real + rest, after.real + rest
                if after[0] > 16.0:
                    spikes.append(n)
                    x, last, begun = np.array([10.0, after[1] + 20.0]), n, n + 1
            kept.append(now)
        got = np.stack([trace_of(record, "cell", "v")[:, k] + 70.0, trace_of(record, "cell", "w_a")[:, k]], -1)
        wrong += same(f"spikes of cell {k}", steps_of_cell(record, k), spikes) + near(f"v and w_a of cell {k}", got, kept)
    return wrong


def lif_adaptive_threshold() -> Program:
    """Constant drive; the interval grows."""
    return driven(neurons.lif_adaptive_threshold, 2, STEPS, record=("v", "b"), I_e=np.array([0.03, 0.06]))


def lif_adaptive_threshold_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """v is a constant response less what each spike took; b and the threshold are sums over spikes."""
    wrong = []
    for k, drive in enumerate((0.03, 0.06)):
        spikes: list[int] = []
        taken: list[float] = []
        kept = []
        for n in range(STEPS + 1):
            ages = (n - 1 - np.array(spikes)) * DT
            v = drive * -math.expm1(-n * DT / 20.0) - float(np.sum(np.array(taken) * np.exp(-ages / 20.0)))
            b = float(np.sum(np.exp(-ages / 700.0))) / 700.0
            threshold = 0.01 + 1.8 * b
            if n and v > threshold and (not spikes or n - 1 >= spikes[-1] + 50):
                spikes.append(n - 1)
                taken.append(threshold)
                v, b = v - threshold, b + 1.0 / 700.0
            kept.append((v, b))
        got = np.stack([trace_of(record, "cell", x)[:, k] for x in "vb"], -1)
        wrong += same(f"spikes of cell {k}", steps_of_cell(record, k), spikes) + near(f"v and b of cell {k}", got, kept[:STEPS])
    return wrong


CELLS = ("RS", "IB", "FS", "CH")


def multi_timescale_threshold() -> Program:
    """The four cells of the publication under one constant current; arrivals at the first."""
    return driven(
        neurons.multi_timescale_threshold, 4, STEPS, at=AT, into="I_syn", weight=100 * pA, record=("v", "theta_1", "theta_2"),
        I_e=550 * pA, **columns([neurons.multi_timescale_presets[cell] for cell in CELLS]),
    )  # fmt: skip


def multi_timescale_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """v never notices a spike; the threshold is a sum of exponentials over all spikes."""
    ahead = np.arange(STEPS + 1) * DT
    drive = np.stack([-65.0 - 550.0 * 5.0 / 100.0 * np.expm1(-ahead / 5.0)] * 4, -1)
    drive[:, 0] += sum(100.0 * response(t, 1.0, 5.0, 100.0) for t in since(AT, STEPS + 1))
    numbers = ((30.0, 2.0, -45.0), (7.5, 1.5, -46.0), (10.0, 0.2, -55.0), (-0.5, 0.4, -39.0))
    wrong = near("v", trace_of(record, "cell", "v"), drive[:STEPS])
    for k, (first, second, omega) in enumerate(numbers):
        spikes: list[int] = []
        for n in range(STEPS):
            ages = (n - np.array(spikes)) * DT
            raised = first * np.exp(-ages / 10.0) + second * np.exp(-ages / 200.0)
            if (not spikes or n >= spikes[-1] + 20) and drive[n + 1, k] > omega + float(np.sum(raised)):
                spikes.append(n)
        wrong += same(f"spikes of {CELLS[k]}", steps_of_cell(record, k), spikes)
    return wrong


# ---- without a membrane --------------------------------------------------------------------------------------------------
RATE = 80.0
"""Hz"""


def poisson_neuron() -> Program:
    """200 neurons for 50 ms."""
    cells = Population("cell", 200, neurons.poisson_neuron, firing_rate=RATE * Hz)
    return lowered(500, cells, Probe(cells, "spikes"))


def poisson_neuron_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The number of spikes is binomial: within 4.5 standard deviations."""
    chance, draws = RATE / 1000.0 * DT, 200 * 500
    found = len(spikes_of(record, "cell"))
    spread = math.sqrt(draws * chance * (1.0 - chance))
    return [] if abs(found - draws * chance) < 4.5 * spread else [f"{found} spikes, expected {draws * chance:g} +- {spread:.0f}"]


def rate_neuron() -> Program:
    """Three neurons relax from 2 to rest; the signal is the sigmoid."""
    return driven(neurons.rate_neuron, 3, 400, record=("u", "r"), u=2.0, u_rest=-1.0, theta=0.5, gain=np.array([0.5, 1.0, 4.0]))


def rate_neuron_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Records see the output of the step before, which was evaluated at the end of it."""
    u = -1.0 + 3.0 * np.exp(-np.arange(400)[:, None] * DT / 10.0) + np.zeros(3)
    rate = 1.0 / (1.0 + np.exp(-np.array([0.5, 1.0, 4.0]) * (u - 0.5)))
    return near("u", trace_of(record, "cell", "u"), u) + near("r", trace_of(record, "cell", "r"), rate)


CASES = (
    Case("lif_delta", "jumps of the voltage, intervals of a constant current", lif_delta, lif_delta_oracle, spikes=20),
    Case("lif_exponential", "an exponential current against the closed form", lif_exponential, lif_exponential_oracle, spikes=20),
    Case("lif_exponential_two", "the slower of two currents", lif_exponential_two, lif_exponential_two_oracle, spikes=20),
    Case("lif_alpha", "an alpha-shaped current of peak w", lif_alpha, lif_alpha_oracle, spikes=20),
    Case(
        "lif_dual_exponential",
        "a current of two time constants and of peak w, also of equal constants",
        lif_dual_exponential,
        lif_dual_exponential_oracle,
        spikes=5,
    ),
    Case("lif_loihi", "a loop in the order of the chip", lif_loihi, lif_loihi_oracle, spikes=100),
    Case("lif_adaptive_loihi", "a loop in the order of Lava's adaptive neuron", lif_adaptive_loihi, lif_adaptive_loihi_oracle, spikes=100),
    Case("lif_adaptive", "eigenvectors of voltage and adaptation between spikes", lif_adaptive, lif_adaptive_oracle, spikes=10),
    Case(
        "lif_adaptive_threshold",
        "sums over spikes of what a spike takes and raises",
        lif_adaptive_threshold,
        lif_adaptive_threshold_oracle,
        spikes=15,
    ),
    Case("multi_timescale_threshold", "a threshold as a sum of exponentials", multi_timescale_threshold, multi_timescale_oracle, spikes=30),
    Case("poisson_neuron", "a binomial number of spikes", poisson_neuron, poisson_neuron_oracle, level="statistical", spikes=100),
    Case("rate_neuron", "an exponential and its sigmoid", rate_neuron, rate_neuron_oracle),
)
