"""The wish becomes the recipe: a network and a step length in, a Program out."""

from .changes import changes
from .lower import lower

__all__ = ["changes", "lower"]
