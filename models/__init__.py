"""Published networks and learning rules, written with the public names of neurosim only."""

if __name__ != "neurosim.models":
    # From the root of a checkout ``import models`` would silently make a second copy of every class.
    raise ImportError("import neurosim.models, not models")
