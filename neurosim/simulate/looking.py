"""What a part of a running network is like now: states, parameters, rates and weights, with their units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.equations import Expr, evaluate
from neurosim.errors import ParameterError, did_you_mean
from neurosim.ir.program import Block, CopyWeights, Pathway, Sampled, Source, Steps
from neurosim.ir.wiring import expand, values_of, weight_index, weight_values
from neurosim.lowering import Course
from neurosim.lowering.plan import Planned, parameter_names
from neurosim.network import Population, Projection
from neurosim.network.stimuli import settable_of
from neurosim.spelling import spelt
from neurosim.units import Dimension, Hz, Quantity, inner_unit_name, parse_unit

Array = np.ndarray
RECORDED = ("spikes", "rate", "counts", "events", "t")
PER_MS = 1000.0
"""Inner rates are per ms, people read Hz."""


@spelt
@dataclass(frozen=True, repr=False)
class Look:
    """A part as it was when it was asked for: ``session["exc"].v`` are the membrane potentials (N,), with their unit.

    States, parameters, the rate of a stimulus and the weights ``w`` of a projection are attributes; several copies stand along the first
    axis (B, N). What is set and not run yet is already seen.

    Parameters
    ----------
    name : str
        Of the part.
    course : Course
        What has been asked so far.
    present : mapping
        (part, variable) -> values (B, N or E) of states and plastic weights.
    pending : tuple of Planned
        What is set before the next step.
    step : int
        The step that comes next.
    """

    name: str
    course: Course
    present: Mapping[tuple[str, str], Array]
    pending: tuple[Planned, ...]
    step: int

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of what can be looked at."""
        part = self.course.program.part(self.name)
        parameters = sorted(self._parameters())
        if isinstance(part, Source):
            return ("rate",) if part.kind == "poisson" else ()
        if isinstance(part, Block):
            return (*part.states, *parameters)
        if isinstance(part, Pathway):
            return (*(("w",) if part.weights else ()), *part.states, *parameters)
        return ()

    def __getattr__(self, variable: str) -> Any:
        # Python and notebooks probe for private names; for these they need their own kind of error.
        if variable.startswith("_"):
            raise AttributeError(variable)
        if variable not in self.variables:
            raise self._unknown(variable)
        value = self._value(variable)
        if isinstance(value, np.ndarray) and value.ndim == 2 and len(value) == 1:
            value = value[0]
        unit = self._unit(variable)
        if unit == "1/ms":
            return PER_MS * value * Hz
        if unit == "1":
            return np.array(value) if np.ndim(value) else float(value)
        return Quantity(np.array(value) if np.ndim(value) else float(value), parse_unit(unit))

    def __dir__(self) -> list[str]:
        public = [name for name in object.__dir__(self) if not name.startswith("_")]
        return sorted({*public, *self.variables})

    def __repr__(self) -> str:
        return f"'{self.name}' at {self.step * self.course.program.dt:g} ms: {', '.join(self.variables) or 'nothing that changes'}"

    # ---- values --------------------------------------------------------------------------------------------------------
    def _value(self, variable: str) -> Any:
        """In inner units: a number, (N,) or (B, N)."""
        key = self.name, variable
        waiting = [planned for planned in self.pending if (planned.part, planned.target) == key]
        if waiting:
            return self._assigned(variable, waiting[-1].value)
        if key in self.present:
            return self.present[key]
        part = self.course.program.part(self.name)
        if isinstance(part, Pathway) and variable == "w":
            return self._constant_weights(part)
        planned = latest(self.course, self.name, variable)
        if planned is not None:
            return planned.value
        if isinstance(part, Source):
            return part.rate
        value = self.course.now.now[self.name].part.parameters[variable]
        return values_of(value, expand(part.wiring)) if isinstance(value, Sampled) and isinstance(part, Pathway) else value

    def _assigned(self, variable: str, value: Any) -> Any:
        """What an assignment that waits will give."""
        if isinstance(value, CopyWeights):
            home = next(pathway for pathway in self.course.program.pathways if f"{pathway.name}:w" == value.source)
            source = np.asarray(Look(home.name, self.course, self.present, self.pending, self.step)._value("w"))
            return value.factor * (source if value.index is None else source[..., value.index])
        if isinstance(value, Expr):
            value = evaluate(value, self._own)
        part = self.course.program.part(self.name)
        if (self.name, variable) in self.present:
            return np.broadcast_to(value, self.present[self.name, variable].shape)
        return np.broadcast_to(value, self._constant_weights(part).shape) if isinstance(part, Pathway) and variable == "w" else value

    def _own(self, name: str) -> Any:
        """A name in an expression of a part, before anything that waits is assigned."""
        clock = {"t": self.step * self.course.program.dt, "dt": self.course.program.dt}
        return clock[name] if name in clock else Look(self.name, self.course, self.present, (), self.step)._value(name)

    def _constant_weights(self, pathway: Pathway) -> Array:
        weights = next(weights for weights in self.course.program.weights if weights.name == pathway.weights)
        values = weight_values(self.course.program, weights)
        if pathway.index is not None:
            values = values[weight_index(self.course.program, pathway, expand(pathway.wiring))]
        return pathway.factor * values

    # ---- names ---------------------------------------------------------------------------------------------------------
    def _parameters(self) -> Mapping[str, Dimension]:
        """Parameters and their dimensions; none without the network, which knows them."""
        network = self.course.network
        part = None if network is None else network.named().get(self.name)
        if isinstance(part, Population):
            return {entry.name: entry.dimension for entry in part.model.parsed.parameters}
        if isinstance(part, Projection):
            return {name: one for name, one in part.synaptic_dimensions().items() if name in parameter_names(part)}
        return {} if part is None else settable_of(part)

    def _unit(self, variable: str) -> str:
        program = self.course.program
        part = program.part(self.name)
        if isinstance(part, Source):
            return "1/ms"
        if isinstance(part, Pathway) and variable == "w":
            return next(weights.unit for weights in program.weights if weights.name == part.weights)
        if isinstance(part, (Block, Pathway)) and variable in part.units:
            return part.units[variable]
        return inner_unit_name(self._parameters()[variable])

    def _unknown(self, variable: str) -> ParameterError:
        hint = ""
        if variable in RECORDED:
            hint = f'What was recorded is session.result["{self.name}"].{variable}.'
        return ParameterError(f"'{self.name}' has no '{variable}'{did_you_mean(variable, self.variables)}", where="Session", hint=hint)


def latest(course: Course, part: str, target: str) -> Planned | None:
    """The assignment of the plan that ran last on something, None where there is none."""
    found = [planned for planned in course.timetable.planned if (planned.part, planned.target) == (part, target)]

    def when(planned: Planned) -> tuple[int, int]:
        if not isinstance(planned.when, Steps):
            return planned.place, max(planned.when)
        steps, last = planned.when, course.timetable.phases[planned.place].steps - 1
        return planned.place, last - (last - steps.at) % steps.every

    return max(reversed(found), key=when) if found else None
