"""Cases of the standard learning rules, on given spikes: weights from sums over pairs of spikes, event by event, in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import exp

import numpy as np

from neurosim.conformance.building import Array, near, same, spikes_of, trace_of
from neurosim.conformance.case import Case, Oracle, Run
from neurosim.ir.program import Program
from neurosim.lowering import lower
from neurosim.network import (
    Network,
    NeuronModel,
    Plasticity,
    Population,
    Probe,
    Projection,
    SpikeTimes,
    all_to_all,
    one_to_one,
    plasticity,
)
from neurosim.record import Record
from neurosim.units import Hz, Quantity, ms, mV

DT, STEPS, EVERY, DELAY = 0.5, 600, 150, 3
SOURCES, TARGETS = 4, 3
TAU_PLUS, TAU_MINUS, A_PLUS, A_MINUS = 17.0, 34.0, 0.05, 0.04
PAIR = {"tau_plus": TAU_PLUS * ms, "tau_minus": TAU_MINUS * ms, "a_plus": A_PLUS, "a_minus": A_MINUS}
W_0 = 1.0

CELL = NeuronModel(
    """
    v[n+1] = force : 1      # fires when and only when it is told to
    s[n+1] = heard : 1
    force, heard, reward : 1 (port)
    """,
    spike="v > 0.5",
)

Weight = Callable[[list[int], list[int], int], float]
"""(steps of arrivals, steps of postsynaptic spikes, step) -> the weight before that step, where it was `W_0` at first."""


# ---- the spikes --------------------------------------------------------------------------------------------------------
def trains(size: int, salt: int, steps: int = STEPS, rate: float = 0.03) -> tuple[Array, Array]:
    """(steps, neurons) of random spikes, in order."""
    found = np.nonzero(np.random.default_rng(salt).random((steps - 10, size)) < rate)
    return found[0], found[1]


def source(name: str, size: int, spikes: tuple[Array, Array], payloads: Array | None = None) -> SpikeTimes:
    """Spikes at given steps."""
    return SpikeTimes(name, size, Quantity(spikes[0] * DT, ms), spikes[1], payloads)


def learning(rules: dict[str, Plasticity], reward: tuple[Array, Array] | None = None) -> Callable[[], Program]:
    """Four sources on three targets that are told when to fire, through one plastic projection for each rule."""

    def build() -> Program:
        cells = Population("cell", TARGETS, CELL)
        inputs, clock = source("in", SOURCES, trains(SOURCES, 1)), source("clock", TARGETS, trains(TARGETS, 2))
        plastic = [
            Projection(inputs, cells, all_to_all(), into="heard", weight=W_0, delay=DELAY * DT * ms, plasticity=rule, name=name)
            for name, rule in rules.items()
        ]
        others = [Projection(clock, cells, one_to_one(), into="force")]
        stimuli = [inputs, clock]
        if reward is not None:
            stimuli.append(source("giver", 1, (reward[0], np.zeros(len(reward[0]), int)), reward[1]))
            others.append(Projection(stimuli[-1], cells, all_to_all(), into="reward", name="reward -> cell"))
        probes = [Probe(cells, "spikes"), *(Probe(projection, "w", every=EVERY * DT * ms) for projection in plastic)]
        return lower(Network(cells, *stimuli, *plastic, *others, *probes), STEPS * DT * ms, dt=DT * ms)

    return build


def learned(weights: dict[str, Weight]) -> Oracle:
    """Spikes as told (a step later), and the weights of all projections whenever they were recorded."""

    def oracle(program: Program, record: Record, run: Run) -> list[str]:
        (at_in, who_in), (at_post, who_post) = trains(SOURCES, 1), trains(TARGETS, 2)
        arrivals = [list(at_in[who_in == i] + DELAY) for i in range(SOURCES)]
        spikes = [list(at_post[who_post == j] + 1) for j in range(TARGETS)]
        complaints = same("spikes", spikes_of(record, "cell"), np.stack([at_post + 1, who_post], -1))
        for name, weight in weights.items():
            wanted = [
                [weight([n for n in pre if n < row], [n for n in post if n < row], row) for pre, post in product(arrivals, spikes)]
                for row in record.traces[name, "w"].steps
            ]
            complaints += near(f"w of {name}", trace_of(record, name, "w"), wanted)
            if np.ptp(wanted) < 1e-3:
                complaints.append(f"w of {name} hardly moves")
        return complaints

    return oracle


def decay(steps: int, tau: float) -> float:
    """What is left of 1 after that many steps."""
    return exp(-steps * DT / tau)


def trace(spikes: list[int], now: int, tau: float, *, nearest: bool = False) -> float:
    """Sum over spikes up to and including now, or the last of them alone."""
    seen = [n for n in spikes if n <= now]
    return sum(decay(now - n, tau) for n in (seen[-1:] if nearest else seen))


def in_order(pre: list[int], post: list[int]) -> list[tuple[int, bool]]:
    """(step, whether it is postsynaptic): within a step arrivals come first."""
    return sorted([(n, False) for n in pre] + [(n, True) for n in post])


# ---- pairs -------------------------------------------------------------------------------------------------------------
MU = {"additive": 0.0, "between": 0.4, "multiplicative": 1.0}
W_MAX = 1.6


def depending(mu: float) -> Weight:
    """Gütig et al. 2003: increases times (1 - w/w_max)**mu, decreases times (w/w_max)**mu."""

    def weight(pre: list[int], post: list[int], row: int) -> float:
        w = W_0
        for n, is_post in in_order(pre, post):
            if is_post:
                w += A_PLUS * max(1 - w / W_MAX, 0.0) ** mu * trace(pre, n, TAU_PLUS)
            else:
                w -= A_MINUS * max(w / W_MAX, 0.0) ** mu * trace(post, n - 1, TAU_MINUS) * decay(1, TAU_MINUS)
        return w

    return weight


def nearest(pairing: str) -> Weight:
    """Morrison et al. 2008, figure 7: which spikes are paired, by looking at the spikes between them."""

    def weight(pre: list[int], post: list[int], row: int) -> float:
        w = W_0
        for n in pre:
            before = [p for p in post if p < n][-1:]
            if before and not (pairing == "reduced" and any(before[0] < q < n for q in pre)):
                w -= A_MINUS * decay(n - before[0], TAU_MINUS)
        for n in post:
            last = max((p for p in post if p < n), default=-1)
            before = [q for q in pre if q <= n and (pairing == "symmetric" or q > last)]
            w += A_PLUS * sum(decay(n - q, TAU_PLUS) for q in (before if pairing == "presynaptic" else before[-1:]))
        return w

    return weight


# ---- triplets ----------------------------------------------------------------------------------------------------------
FITS = {"all": ("visual_cortex", "all"), "nearest": ("hippocampus", "nearest")}
# Tables 3 and 4 of Pfister and Gerstner 2006: a2+, a3+, a2-, a3-, tau_x, tau_y.
TABLE = {"all": (5e-10, 6.2e-3, 7e-3, 2.3e-4, 101.0, 125.0), "nearest": (4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575.0, 47.0)}


def triplets(pairing: str) -> Weight:
    """Equations 3 and 4 of Pfister and Gerstner 2006, as sums over spikes before this one."""
    a2_plus, a3_plus, a2_minus, a3_minus, tau_x, tau_y = TABLE[pairing]

    def weight(pre: list[int], post: list[int], row: int) -> float:
        def before(spikes: list[int], n: int, tau: float) -> float:
            return trace(spikes, n - 1, tau, nearest=pairing == "nearest") * decay(1, tau)

        down = sum(before(post, n, 33.7) * (a2_minus + a3_minus * before(pre, n, tau_x)) for n in pre)
        up = sum(trace(pre, n, 16.8, nearest=pairing == "nearest") * (a2_plus + a3_plus * before(post, n, tau_y)) for n in post)
        return W_0 + 5.0 * (up - down)

    return weight


# ---- three factors, inhibition, homeostasis ------------------------------------------------------------------------------
REWARDS = (np.array([90, 250, 251, 430]), np.array([0.5, 1.0, -0.25, 0.75]))
TAU_ELIGIBILITY = 80.0


def rewarded(pre: list[int], post: list[int], row: int) -> float:
    """Every pair leaves an eligibility, of which each reward finds what has not decayed."""
    w = W_0
    for now, size in zip(*REWARDS):
        if now < row:
            up = sum(A_PLUS * trace(pre, n, TAU_PLUS) * decay(now - n, TAU_ELIGIBILITY) for n in post if n <= now)
            down = sum(
                A_MINUS * trace(post, n - 1, TAU_MINUS) * decay(1, TAU_MINUS) * decay(now - n, TAU_ELIGIBILITY) for n in pre if n <= now
            )
            w += size * (up - down)
    return w


RHO_0, TAU_I, ETA = 8.0, 20.0, 0.02


def balanced(pre: list[int], post: list[int], row: int) -> float:
    """Vogels et al. 2011: every pair adds, every arrival takes alpha away."""
    up = sum(decay(abs(n - m), TAU_I) for n in pre for m in post)
    return W_0 + ETA * (up - 2 * RHO_0 / 1000.0 * TAU_I * len(pre))


TARGET, TAU_A, BETA, INTERVAL = 12.0, 60.0, 0.3, 20


def scaled(pre: list[int], post: list[int], row: int) -> float:
    """Van Rossum et al. 2000: a factor at the end of every interval."""
    w = W_0
    for n in range(INTERVAL - 1, row, INTERVAL):
        activity = TARGET / 1000.0 * decay(n + 1, TAU_A) + trace(post, n, TAU_A) / TAU_A
        w *= 1 + BETA * (TARGET / 1000.0 - activity) * INTERVAL * DT
    return w


def both(pre: list[int], post: list[int], row: int) -> float:
    """Additive pairs between factors of the scaling."""
    w, done = W_0, -1
    for n in [*range(INTERVAL - 1, row, INTERVAL), row]:
        up = sum(A_PLUS * trace(pre, m, TAU_PLUS) for m in post if done < m <= n)
        down = sum(A_MINUS * trace(post, m - 1, TAU_MINUS) * decay(1, TAU_MINUS) for m in pre if done < m <= n)
        w, done = w + up - down, n
        if n < row:
            w *= scaled(pre, post, n + 1) / scaled(pre, post, n)
    return w


SCALING = plasticity.synaptic_scaling(target=TARGET * Hz, tau=TAU_A * ms, beta=BETA, every=INTERVAL * DT * ms)


# ---- voltage -----------------------------------------------------------------------------------------------------------
def voltage() -> Program:
    """Three neurons with plastic synapses that deliver nothing, made to fire by jumps of the potential; one also depolarised."""
    cells = Population("cell", TARGETS, plasticity.clopath_neuron)
    inputs, kicks = source("in", TARGETS, trains(TARGETS, 3, rate=0.05)), source("kick", TARGETS, trains(TARGETS, 4, rate=0.01))
    weak = Projection(inputs, cells, one_to_one(), into="v", weight=0.5 * mV, name="w", plasticity=plasticity.clopath_stdp(w_max=10 * mV))
    strong = Projection(kicks, cells, one_to_one(), into="v", weight=150 * mV, delay=1 * ms)
    voltages = [Probe(cells, name) for name in ("u", "u_minus", "u_plus")]
    network = Network(cells, inputs, kicks, weak, strong, Probe(cells, "spikes"), Probe(weak, "w", every=EVERY * DT * ms), *voltages)
    return lower(network, STEPS * DT * ms, dt=DT * ms)


def voltage_oracle(program: Program, record: Record, run: Run) -> list[str]:
    """Equations 1 to 3 of Clopath et al. 2010, from the voltages that were recorded: row n + 1 holds those of step n."""
    u, u_minus, u_plus = (trace_of(record, "cell", name)[1:] for name in ("u", "u_minus", "u_plus"))
    steps, indices = trains(TARGETS, 3, rate=0.05)
    rows, complaints = set(record.traces["w", "w"].steps), []
    if not (u.max() == 33.0 and u_plus.max() < 0):
        complaints.append("u has no spikes, or the filtered voltages are not below them")
    for j in range(TARGETS):
        arrivals, w, kept = [int(n) for n in steps[indices == j]], 0.5, []
        for n in range(STEPS):
            if n in rows:
                kept.append(w)
            if n < STEPS - 1:
                w -= 10 * 14e-5 * max(u_minus[n, j] + 70.6, 0.0) * (n in arrivals)
                x = trace(arrivals, n, 15.0) / 15.0
                w += 10 * 8e-5 * x * max(u[n, j] + 45.3, 0.0) * max(u_plus[n, j] + 70.6, 0.0) * DT
        complaints += near(f"w of synapse {j}", trace_of(record, "w", "w")[:, j], kept)
    return complaints


def case(
    name: str, about: str, rules: dict[str, Plasticity], weights: dict[str, Weight], reward: tuple[Array, Array] | None = None
) -> Case:
    """A case of rules on given spikes."""
    return Case(name, about, learning(rules, reward), learned(weights), spikes=40)


CASES = (
    case(
        "multiplicative_stdp",
        "pairs whose effect depends on the weight, three exponents",
        {name: plasticity.multiplicative_stdp(**PAIR, w_max=W_MAX, mu_plus=mu, mu_minus=mu) for name, mu in MU.items()},
        {name: depending(mu) for name, mu in MU.items()},
    ),
    case(
        "nearest_neighbour_stdp",
        "three ways to pair spikes with their neighbours",
        {name: plasticity.nearest_neighbour_stdp(**PAIR, pairing=name) for name in plasticity.PAIRINGS},
        {name: nearest(name) for name in plasticity.PAIRINGS},
    ),
    case(
        "triplet_stdp",
        "triplets, all to all and nearest spikes, with two published fits",
        {name: plasticity.triplet_stdp(fit, pairing=pairing, w_0=5.0) for name, (fit, pairing) in FITS.items()},
        {name: triplets(name) for name in FITS},
    ),
    case(
        "reward_stdp",
        "eligibility that four rewards turn into weight",
        {"reward": plasticity.reward_stdp(**PAIR, tau_eligibility=TAU_ELIGIBILITY * ms)},
        {"reward": rewarded},
        REWARDS,
    ),
    case(
        "inhibitory_stdp",
        "symmetric pairs against a constant depression",
        {"inhibitory": plasticity.inhibitory_stdp(tau=TAU_I * ms, rho_0=RHO_0 * Hz, eta=ETA)},
        {"inhibitory": balanced},
    ),
    case(
        "synaptic_scaling",
        "a factor at regular times; alone, and together with pairs",
        {"scaling": SCALING, "both": plasticity.combine(plasticity.pair_stdp(**PAIR), SCALING)},
        {"scaling": scaled, "both": both},
    ),
    Case("clopath_stdp", "voltage-dependent rule on the neuron that it was made for", voltage, voltage_oracle, spikes=10),
)
