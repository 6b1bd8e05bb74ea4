"""Cases of the standard neurons that are not linear: closed forms where there are, else the classical Runge-Kutta method in plain Python.

The equations are written down once more here, in plain numbers, so that a slip in the text of a model cannot go unseen.
"""

from __future__ import annotations

import math

import numpy as np

from neurosim.conformance.building import DT, near, same, trace_of
from neurosim.conformance.case import Case, Run
from neurosim.conformance.vocabulary import Cell, Floats, agrees, columns, driven, each, steps_of_cell
from neurosim.ir.program import Program
from neurosim.network import neurons, synapses
from neurosim.record import Record
from neurosim.units import ms, mV, nS, pA

STEPS = 1000


def near_intervals(record: Record, cell: int, time: float, hold: int, steps: float) -> list[str]:
    """All intervals of a cell are its refractory time and ``time`` [ms], rounded up to whole steps."""
    intervals = np.diff(steps_of_cell(record, cell))
    expected = hold - 1 + time / DT + 0.5
    if len(intervals) < 2:
        return [f"cell {cell}: {len(intervals)} intervals, at least 2 expected"]
    gap = float(np.max(np.abs(intervals - expected)))
    return [] if gap <= steps else [f"intervals of cell {cell} differ by {gap:.1f} steps from {expected:.1f}, allowed {steps:g}"]


# ---- quadratic and exponential: intervals in closed form and as an integral ----------------------------------------------
ABOVE = np.array([200.0, 400.0, 800.0])
"""pA; a cell before these only listens."""
LISTENED = ((100, 1, 60.0), (150, 1, 60.0))
"""Arrivals of 60 pA at an exponential current of 5 ms."""


def quadratic_if() -> Program:
    """Three constant currents above the rheobase of 37.5 pA, and arrivals."""
    return driven(neurons.quadratic_if, 4, STEPS, at=(100, 150), into="I_syn", weight=60 * pA, I_e=each([0.0, *ABOVE], pA))


def quadratic_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """With dv/dt = k (v - m)**2 + d the interval is (atan(s (peak - m)) - atan(s (reset - m))) / sqrt(k d), s = sqrt(k / d)."""
    k, middle = 10.0 / 15.0 / 100.0, -57.5

    def slope(x: Floats, since_spike: float) -> Floats:
        return (k * (x[0] + 65.0) * (x[0] + 50.0) + x[1] / 100.0, -x[1] / 5.0)

    listens = Cell(slope, (-65.0, 0.0), lambda x: x[0] > 20.0, lambda x: (-80.0, x[1]), jumps=LISTENED)
    wrong = agrees(record, [listens], ("v",), STEPS, off=0, tolerance=0.001, parts=1)
    for cell, current in enumerate(ABOVE, 1):
        d = current / 100.0 - k * 7.5**2
        s = math.sqrt(k / d)
        time = (math.atan(s * (20.0 - middle)) - math.atan(s * (-80.0 - middle))) / math.sqrt(k * d)
        wrong += near_intervals(record, cell, time, 1, 1.0)
    return wrong


STEADY = np.array([50.0, 100.0, 200.0])
"""pA; a cell before these only listens."""


def exponential_if() -> Program:
    """Three constant currents above the rheobase of 16.2 pA, and arrivals."""
    return driven(neurons.exponential_if, 4, STEPS, at=(100, 150), into="I_syn", weight=60 * pA, I_e=each([-50.0, *STEADY], pA))


def exponential_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """The interval is the refractory time and the integral of dv / (dv/dt) from the reset to the peak."""

    def slope(x: Floats, since_spike: float) -> Floats:
        return ((10.0 * (-65.0 - x[0]) + 34.8 * math.exp((x[0] + 59.9) / 3.48) + x[1] - 50.0) / 100.0, -x[1] / 5.0)

    listens = Cell(slope, (-65.0, 0.0), lambda x: x[0] > -30.0, lambda x: (-68.0, x[1]), 17, (0,), LISTENED)
    wrong = agrees(record, [listens], ("v",), STEPS, off=0, tolerance=0.001, parts=1)
    v = np.linspace(-68.0, -30.0, 20001)
    for cell, current in enumerate(STEADY, 1):
        rate = (10.0 * (-65.0 - v) + 10.0 * 3.48 * np.exp((v + 59.9) / 3.48) + current) / 100.0
        time = float(np.sum((1.0 / rate[1:] + 1.0 / rate[:-1]) / 2.0) * (v[1] - v[0]))
        wrong += near_intervals(record, cell, time, 17, 1.0)
    return wrong


# ---- AdEx, Izhikevich ----------------------------------------------------------------------------------------------------
PATTERNS = ("tonic", "adapting", "initial_burst", "regular_bursting")


def adex() -> Program:
    """Four firing patterns; arrivals at the first cell."""
    return driven(
        neurons.adex, 4, STEPS, at=(300, 520), into="I_syn", weight=150 * pA, record=("v", "w_a"),
        **columns([neurons.adex_presets[name] for name in PATTERNS]),
    )  # fmt: skip


def adex_cell(c: float, g: float, e: float, a: float, tau: float, b: float, reset: float, current: float, jump: float = 0.0) -> Cell:
    """V_T = -50 mV, Delta_T = 2 mV, cut at -40 mV; an exponential current of 5 ms."""

    def slope(x: Floats, since_spike: float) -> Floats:
        v, w, i = x
        u = min(v, -40.0)
        return ((g * (e - v) + g * 2.0 * math.exp((u + 50.0) / 2.0) - w + i + current) / c, (a * (u - e) - w) / tau, -i / 5.0)

    arrivals = tuple((n, 2, jump) for n in (300, 520) if jump)
    return Cell(slope, (e, 0.0, 0.0), lambda x: x[0] > -40.0, lambda x: (reset, x[1] + b, x[2]), jumps=arrivals)


ADEX_CELLS = (
    adex_cell(200, 10, -70, 2, 30, 0, -58, 500, 150),
    adex_cell(200, 12, -70, 2, 300, 60, -58, 500),
    adex_cell(130, 18, -58, 4, 150, 120, -50, 400),
    adex_cell(200, 10, -58, 2, 120, 100, -46, 210),
)


def adex_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Spikes within a step, states within 0.01 mV or pA."""
    return agrees(record, ADEX_CELLS, ("v", "w_a"), STEPS, off=1, tolerance=0.01, parts=2)


KINDS = ("RS", "CH", "FS", "LTS")
JUMPS = ((400, 0, 3.0), (410, 0, 3.0))
"""Arrivals of 3 mV at the first cell."""


def izhikevich() -> Program:
    """Four cells under one constant current; arrivals at the first."""
    return driven(
        neurons.izhikevich, 4, STEPS, at=(400, 410), into="v", weight=3 * mV, record=("v", "u"), I_e=10 * mV / ms,
        **columns([neurons.izhikevich_presets[kind] for kind in KINDS]),
    )  # fmt: skip


def izhikevich_cell(a: float, b: float, c: float, d: float, jumps: tuple[tuple[int, int, float], ...] = ()) -> Cell:
    """Equations 1 to 3 of the publication under a current of 10."""

    def slope(x: Floats, since_spike: float) -> Floats:
        v, u = x
        return (0.04 * v * v + 5.0 * v + 140.0 - u + 10.0, a * (b * v - u))

    return Cell(slope, (-65.0, b * -65.0), lambda x: x[0] >= 30.0, lambda x: (c, x[1] + d), jumps=jumps)


IZHIKEVICH_CELLS = (
    izhikevich_cell(0.02, 0.2, -65, 8, JUMPS),
    izhikevich_cell(0.02, 0.2, -50, 2),
    izhikevich_cell(0.1, 0.2, -65, 2),
    izhikevich_cell(0.02, 0.25, -65, 2),
)


def izhikevich_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Spikes within 0.8 % of the run, states within 1.5 mV."""
    return agrees(record, IZHIKEVICH_CELLS, ("v", "u"), STEPS, off=8, tolerance=1.5, parts=2)


# ---- conductances --------------------------------------------------------------------------------------------------------
def lif_conductance() -> Program:
    """Arrivals of 6 nS; a cell that an inhibitory conductance releases; one that fires."""
    return driven(
        neurons.lif_conductance, 3, STEPS, at=(50, 70, 90), into="g_e", weight=6 * nS, record=("v", "g_e"),
        I_e=each([0, 150, 200], pA), g_i=each([0, 60, 0], nS),
    )  # fmt: skip


def conductance_cell(current: float, start: float, jump: float) -> Cell:
    """200 pF, 10 nS; conductances of 5 and 10 ms."""

    def slope(x: Floats, since_spike: float) -> Floats:
        v, e, i = x
        return ((10.0 * (-60.0 - v) - e * v + i * (-80.0 - v) + current) / 200.0, -e / 5.0, -i / 10.0)

    arrivals = tuple((n, 1, jump) for n in (50, 70, 90) if jump)
    return Cell(slope, (-60.0, 0.0, start), lambda x: x[0] > -50.0, lambda x: (-60.0, *x[1:]), 50, (0,), arrivals)


CONDUCTANCE_CELLS = (conductance_cell(0, 0, 6), conductance_cell(150, 60, 0), conductance_cell(200, 0, 0))


def lif_conductance_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Conductances are frozen during a step, an error of first order: voltage within 0.1 mV."""
    return agrees(record, CONDUCTANCE_CELLS, ("v", "g_e"), STEPS, off=1, tolerance=0.1, parts=2)


def lif_conductance_alpha() -> Program:
    """Slower receptors than the defaults, so that a step of 0.1 ms follows them."""
    return driven(
        neurons.lif_conductance_alpha, 3, STEPS, at=(50, 70, 90), into="a_e", weight=4 * nS, record=("v", "g_e"),
        I_e=each([0, 300, 300], pA), a_i=each([0, 0, 30], nS), tau_e=2 * ms, tau_i=8 * ms, g_L=16 * nS,
    )  # fmt: skip


def alpha_cell(current: float, start: float, jump: float) -> Cell:
    """250 pF, 16 nS; alpha-shaped conductances of 2 and 8 ms."""

    def slope(x: Floats, since_spike: float) -> Floats:
        v, e, p, i, q = x
        membrane = (16.0 * (-70.0 - v) - e * v + i * (-85.0 - v) + current) / 250.0
        return (membrane, (math.e * p - e) / 2.0, -p / 2.0, (math.e * q - i) / 8.0, -q / 8.0)

    arrivals = tuple((n, 2, jump) for n in (50, 70, 90) if jump)
    return Cell(slope, (-70.0, 0.0, 0.0, 0.0, start), lambda x: x[0] > -55.0, lambda x: (-60.0, *x[1:]), 20, (0,), arrivals)


ALPHA_CELLS = (alpha_cell(0, 0, 4), alpha_cell(300, 0, 0), alpha_cell(300, 30, 0))


def lif_conductance_alpha_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Conductances take exact steps; what they do to the voltage is frozen during a step: within 0.1 mV."""
    return agrees(record, ALPHA_CELLS, ("v", "g_e"), STEPS, off=2, tolerance=0.1, parts=2)


def lif_nmda() -> Program:
    """NMDA synapses onto the first cell, which is held near threshold by a current; two that fire with and without inhibition."""
    return driven(
        neurons.lif_nmda, 3, STEPS, at=(50, 90, 500), into="g_nmda", weight=40 * nS, synapse=synapses.nmda, record=("v", "g_gaba"),
        I_e=each([150, 700, 700], pA), g_gaba=each([0, 0, 40], nS), g_ampa=each([0, 40, 20], nS),
    )  # fmt: skip


def nmda_cell(current: float, ampa: float, gaba: float, jump: float) -> Cell:
    """500 pF, 25 nS; 2 ms, 5 ms, and a gate of 2 and 100 ms with alpha = 0.5/ms that opens up to 40 nS, at 1 mM of magnesium."""

    def slope(x: Floats, since_spike: float) -> Floats:
        v, fast, i, s, t = x
        free = 1.0 / (1.0 + math.exp(-0.062 * v) / 3.57)
        membrane = (25.0 * (-70.0 - v) - (fast + 40.0 * s * free) * v + i * (-70.0 - v) + current) / 500.0
        return (membrane, -fast / 2.0, -i / 5.0, 0.5 * t * (1.0 - s) - s / 100.0, -t / 2.0)

    arrivals = tuple((n, 4, jump) for n in (50, 90, 500) if jump)
    return Cell(slope, (-70.0, ampa, gaba, 0.0, 0.0), lambda x: x[0] > -50.0, lambda x: (-55.0, *x[1:]), 20, (0,), arrivals)


NMDA_CELLS = (nmda_cell(150, 0, 0, 1), nmda_cell(700, 40, 0, 0), nmda_cell(700, 20, 40, 0))


def lif_nmda_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Gates conduct with a delay of a step: voltage within 0.05 mV."""
    return agrees(record, NMDA_CELLS, ("v", "g_ampa", "g_gaba"), STEPS, off=1, tolerance=0.05, parts=1)


def hodgkin_huxley() -> Program:
    """A constant current, an arrival of 20 nS, an inhibitory conductance to begin with."""
    return driven(
        neurons.hodgkin_huxley, 2, 400, at=(150,), into="g_e", weight=20 * nS, record=("v", "m", "n"),
        I_e=each([0, 200], pA), g_i=each([0, 10], nS),
    )  # fmt: skip


def gates(v: float) -> tuple[tuple[float, float], ...]:
    """(alpha, beta) of m, h and n per ms, as Traub and Miles write them, with V_T = -63 mV."""
    u = v + 63.0
    return (
        (0.32 * (13.0 - u) / math.expm1((13.0 - u) / 4.0), 0.28 * (u - 40.0) / math.expm1((u - 40.0) / 5.0)),
        (0.128 * math.exp((17.0 - u) / 18.0), 4.0 / (1.0 + math.exp((40.0 - u) / 5.0))),
        (0.032 * (15.0 - u) / math.expm1((15.0 - u) / 5.0), 0.5 * math.exp((10.0 - u) / 40.0)),
    )


def relaxed(x: float, rate: float, source: float) -> float:
    """One step of dx/dt = source - rate x, exactly."""
    return source / rate + (x - source / rate) * math.exp(-rate * DT)


def hodgkin_huxley_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """A loop: every state relaxes towards where the others, as they are at the beginning of the step, would have it."""
    wrong = []
    for k, current in enumerate((0.0, 200.0)):
        v, e, i, last = -60.0, 0.0, 10.0 * k, -(10**9)
        g = [a / (a + b) for a, b in gates(v)]
        kept, spikes = [], []
        for n in range(400):
            kept.append((v, g[0], g[2]))
            sodium, potassium = 20000.0 * g[0] ** 3 * g[1], 6000.0 * g[2] ** 4
            source = (10.0 * -60.0 + i * -80.0 + sodium * 50.0 + potassium * -90.0 + current) / 200.0
            g = [relaxed(x, a + b, a) for x, (a, b) in zip(g, gates(v))]
            v = relaxed(v, (10.0 + e + i + sodium + potassium) / 200.0, source)
            e = e * math.exp(-DT / 5.0) + (20.0 if k == 0 and n == 150 else 0.0)
            i *= math.exp(-DT / 10.0)
            if v > -20.0 and n >= last + 30:
                spikes.append(n)
                last = n
        got = np.stack([trace_of(record, "cell", x)[:, k] for x in "vmn"], -1)
        wrong += same(f"spikes of cell {k}", steps_of_cell(record, k), spikes) + near(f"v, m and n of cell {k}", got, kept, 1e-7)
    return wrong


# ---- two compartments ----------------------------------------------------------------------------------------------------
SOMA, DENDRITE = (550.0, 0.0, 550.0), (0.0, 450.0, 450.0)
"""pA"""


def pyramidal_two_compartment() -> Program:
    """Current into the soma, into the dendrite, into both."""
    return driven(
        neurons.pyramidal_two_compartment, 3, 700, at=(300,), into="I_syn_d", weight=200 * pA, record=("v", "v_d", "w_s", "w_d"),
        I_e_s=each(SOMA, pA), I_e_d=each(DENDRITE, pA),
    )  # fmt: skip


def pyramidal_cell(soma: float, dendrite: float, jump: float) -> Cell:
    """Equations and values of Naud and Sprekeler 2018; states v, v_d, w_s, w_d and the dendrite's synaptic current."""

    def slope(x: Floats, since_spike: float) -> Floats:
        v, d, ws, wd, i = x
        plateau = 1.0 / (1.0 + math.exp(-(d + 38.0) / 6.0))
        back = 2600.0 * sum(0.5 <= t < 2.5 for t in (since_spike, since_spike + DT)) / 2.0  # the mean of a step
        return (
            -(v + 70.0) / 16.0 + (1300.0 * plateau + ws + soma) / 370.0,
            -(d + 70.0) / 7.0 + (1200.0 * plateau + back + wd + i + dendrite) / 170.0,
            -ws / 100.0,
            (-13.0 * (d + 70.0) - wd) / 30.0,
            -i / 5.0,
        )

    arrivals = ((300, 4, jump),) if jump else ()
    start = (-70.0, -70.0, 0.0, 0.0, 0.0)
    return Cell(slope, start, lambda x: x[0] > -50.0, lambda x: (-70.0, x[1], x[2] - 200.0, *x[3:]), 30, (0,), arrivals)


PYRAMIDAL_CELLS = tuple(pyramidal_cell(s, d, 200.0 if k == 0 else 0.0) for k, (s, d) in enumerate(zip(SOMA, DENDRITE)))


def pyramidal_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Spikes within a step, all states within 0.1 mV or pA."""
    return agrees(record, PYRAMIDAL_CELLS, ("v", "v_d", "w_s", "w_d"), 700, off=1, tolerance=0.1, parts=2)


CASES = (
    Case("quadratic_if", "intervals in closed form", quadratic_if, quadratic_oracle, spikes=10),
    Case("exponential_if", "intervals as an integral", exponential_if, exponential_oracle, spikes=10),
    Case("adex", "four firing patterns against fine steps", adex, adex_oracle, spikes=20),
    Case("izhikevich", "four cells against fine steps", izhikevich, izhikevich_oracle, spikes=30),
    Case("lif_conductance", "exponential conductances against fine steps", lif_conductance, lif_conductance_oracle, spikes=5),
    Case(
        "lif_conductance_alpha", "alpha-shaped conductances against fine steps", lif_conductance_alpha, lif_conductance_alpha_oracle, spikes=5
    ),
    Case("lif_nmda", "three receptors and the magnesium block against fine steps", lif_nmda, lif_nmda_oracle, spikes=5),
    Case("hodgkin_huxley_neuron", "channels, step by step in plain Python", hodgkin_huxley, hodgkin_huxley_oracle, spikes=3),
    Case("pyramidal_two_compartment", "soma, dendrite and both, against fine steps", pyramidal_two_compartment, pyramidal_oracle, spikes=5),
)
