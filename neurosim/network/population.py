"""A named number of neurons of one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import Findings, ParameterError, did_you_mean
from ..spelling import called_here, said_of, spelt
from ..units import Dimension, Quantity, Unit
from .distributions import Distribution
from .neuron_model import METHODS, SETTABLE, NeuronModel, check_refractory
from .texts import Variable, check_value, is_divisor
from .values import (
    check_count,
    check_length,
    check_name,
    check_positive,
    conclude,
    frozen_array,
    inner_or_none,
    is_a,
    is_one_of,
    shown,
)


@spelt
@dataclass(frozen=True, init=False, eq=False, repr=False)
class Population:
    """A named number of neurons of one model, with their parameters and initial states.

    Parameters
    ----------
    name : str
        Unique in its network.
    size : int
        Number of neurons N.
    model : NeuronModel
    method : str, optional
        Integration scheme, instead of the model's.
    refractory : Quantity or str, optional
        [ms] Scalar or (N,), or the name of a parameter, instead of the model's.
    **values
        Parameters and initial states by name: a number with its unit, an array (N,) of them, a :class:`Distribution`, or, for
        an initial state, an expression of parameters and other initial states (``v="v_rest"``). What is not given has the
        model's default; states without one start at 0.

    Raises
    ------
    ParameterError
        With everything that is wrong in the values.

    Examples
    --------
    >>> from neurosim.network import neurons
    >>> from neurosim.units import ms, mV
    >>> exc = Population("exc", 80, neurons.lif_exponential, tau_m=10 * ms, v=-60 * mV)
    >>> exc.value_of("tau_m"), exc.value_of("tau_syn")
    (10 ms, 0.5 ms)
    """

    name: str
    size: int
    model: NeuronModel
    method: str | None
    refractory: Quantity | str | None
    values: Mapping[str, Any]

    def __init__(
        self,
        name: str,
        size: int,
        model: NeuronModel,
        *,
        method: str | None = None,
        refractory: Quantity | str | None = None,
        **values: Any,
    ) -> None:
        if not is_a(model, NeuronModel):
            said = said_of("neurosim.neurons", str(model))
            advice = f" As a value {said}" if said else " Take one of ns.neurons, or write ns.NeuronModel(...)."
            raise ParameterError(f"model must be a NeuronModel, got {shown(model)}.{advice}", where=f"Population {name!r}")
        kept = {key: frozen_array(value) if isinstance(value, (np.ndarray, list, tuple)) and _plain(value) else value
                for key, value in values.items()}
        for key, value in (
            ("name", name),
            ("size", size),
            ("model", model),
            ("method", method),
            ("refractory", model.refractory if refractory is None else refractory),
            ("values", kept),
        ):
            object.__setattr__(self, key, value)
        _check(self)
        object.__setattr__(self, "size", int(size))

    @property
    def where(self) -> str:
        """How messages call it."""
        return f"population '{self.name}' of model '{self.model.name}'" if self.model.name else f"Population '{self.name}'"

    @property
    def integration(self) -> str | None:
        """The scheme that was asked for, here or in the model; None leaves the choice to lowering."""
        return self.method or self.model.method

    def value_of(self, name: str) -> Any:
        """A parameter or an initial state as it was given, else the model's default, else 0 for a state.

        Raises
        ------
        ParameterError
            For a name that is neither.
        """
        known = self.model.settable()
        if name not in known:
            raise ParameterError(f"unknown parameter '{name}'{did_you_mean(name, known)}", where=self.where)
        return self.values.get(name, self.model.defaults.get(name, 0.0))

    def output(self, name: str) -> Output:
        """The named output or state, as the source of a projection of signals.

        A state is sent as it is after its step and before a reset.

        Raises
        ------
        ParameterError
            When the model has no such output or state.
        """
        return Output(self, name)

    def __repr__(self) -> str:
        return f"Population({self.name!r}, {self.size}, {self.model.name or 'NeuronModel'})"


@dataclass(frozen=True, eq=False, repr=False)
class Output:
    """One output or state of a population, as the source of a projection of signals; made by :meth:`Population.output`."""

    population: Population
    name: str

    def __post_init__(self) -> None:
        model = self.population.model
        known = model.of_kind("output") + model.of_kind("state")
        if self.name not in known:
            other = model.variables.get(self.name)
            what = f"'{self.name}' is a {other.kind}, not an output or a state" if other else f"there is no output '{self.name}'"
            choices = f"can be sent: {', '.join(known)}" if known else "its model has neither outputs nor states"
            hint = f"Declare an output in the equations, as in 'y = {self.name} : unit (output)'." if other else ""
            raise ParameterError(f"{what}; {choices}.", where=self.population.where, hint=hint)

    @property
    def dimension(self) -> Dimension:
        """The dimension of the signal."""
        return self.population.model.variables[self.name].dimension

    def __repr__(self) -> str:
        return f"{self.population!r}.output({self.name!r})"


def _plain(value: Any) -> bool:
    """Whether an array or list holds plain numbers only."""
    if isinstance(value, np.ndarray):
        return True
    return not any(isinstance(item, (Quantity, Unit, list, tuple)) for item in value)


def _check(population: Population) -> None:
    findings = Findings()
    where = population.where
    check_name(findings, population.name, where)
    size = check_count(findings, population.size, where, "size")
    if population.method is not None and not is_one_of(population.method, METHODS):
        findings.add(where, f"unknown method '{population.method}'{did_you_mean(population.method, METHODS)}")
    _check_names(findings, population)
    for name, value in population.values.items():
        variable = population.model.variables.get(name)
        if variable is not None and variable.kind in SETTABLE:
            _check_value(findings, population, size, variable, name, value)
    if population.model.spike is None and population.refractory is not None:
        findings.add(where, "refractory is given, but this model has no spike condition.")
    check_refractory(findings, population.model, population.refractory, where, size)
    conclude(findings, ParameterError, where)


def _check_names(findings: Findings, population: Population) -> None:
    """Every name that was given is a parameter or a state; every parameter has a value."""
    known, model = population.model.settable(), population.model
    for name in population.values:
        variable = model.variables.get(name)
        if variable is None:
            findings.add(population.where, f"unknown parameter '{name}'{called_here(name, (*known, 'refractory', 'size'))}")
        elif variable.kind not in SETTABLE:
            reason = {
                "port": "a port, which receives input: connect a stimulus to it with a Projection",
                "output": "an output, which is computed by the model",
                "definition": "a definition, which is computed by the model",
            }[variable.kind]
            findings.add(population.where, f"{name} cannot be given a value: it is {reason}.")
    missing = [
        name for name in model.of_kind("parameter") if name not in population.values and name not in model.defaults
    ]
    for name in missing:
        findings.add(population.where, f"{name} needs a value: write {name}=... ({model.variables[name].described()}).")


def _check_value(
    findings: Findings, population: Population, size: int | None, variable: Variable, name: str, value: Any
) -> None:
    where = population.where
    if isinstance(value, (str, Distribution)):
        check_value(findings, name, value, variable, where, parsed=population.model.parsed)
        return
    inner = inner_or_none(findings, value, variable.dimension, where, name)
    if inner is None or (size is not None and not check_length(findings, inner, size, where, name)):
        return
    if is_divisor(name, variable):
        check_positive(findings, value, variable.dimension, inner, where, name)
