"""The wish becomes the recipe: a network and a step length in, a Program out."""
