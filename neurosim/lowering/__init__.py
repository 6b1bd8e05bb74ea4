"""The wish becomes the recipe: a network and a step length in, a Program out."""

from .lower import lower

__all__ = ["lower"]
