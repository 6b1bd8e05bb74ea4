"""The wish becomes the recipe: a network and a step length in, a Program out."""

from .course import Course, begin, resumed
from .lower import lower

__all__ = ["Course", "begin", "lower", "resumed"]
