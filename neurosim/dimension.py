"""Dimensions of quantities: exponents of the base units."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

Exponent: TypeAlias = int | Fraction


def exponent_of(value: float | Fraction) -> Exponent:
    """An exact exponent: a whole number where it is one."""
    exact = Fraction(value).limit_denominator(1000)
    return int(exact) if exact.denominator == 1 else exact


@dataclass(frozen=True)
class Dimension:
    """Exponents of kilogram, metre, second and ampere.

    `weight` is the exponent of the unit of a projection's weight, which a learning rule leaves open.
    """

    kg: Exponent = 0
    m: Exponent = 0
    s: Exponent = 0
    A: Exponent = 0
    weight: Exponent = 0

    @property
    def exponents(self) -> tuple[Exponent, ...]:
        """All five exponents in order."""
        return (self.kg, self.m, self.s, self.A, self.weight)

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(*(exponent_of(a + b) for a, b in zip(self.exponents, other.exponents)))

    def __truediv__(self, other: Dimension) -> Dimension:
        return Dimension(*(exponent_of(a - b) for a, b in zip(self.exponents, other.exponents)))

    def __pow__(self, power: float | Fraction) -> Dimension:
        exact = exponent_of(power)
        return Dimension(*(exponent_of(a * exact) for a in self.exponents))


DIMENSIONLESS = Dimension()
TIME = Dimension(s=1)
FREQUENCY = Dimension(s=-1)
LENGTH = Dimension(m=1)
CURRENT = Dimension(A=1)
CHARGE = Dimension(s=1, A=1)
VOLTAGE = Dimension(kg=1, m=2, s=-3, A=-1)
RESISTANCE = VOLTAGE / CURRENT
CONDUCTANCE = CURRENT / VOLTAGE
CAPACITANCE = CHARGE / VOLTAGE
WEIGHT = Dimension(weight=1)
