"""Chips: what they can hold, how a network is put on them, and what they will compute."""

if __name__ != "neurosim.hardware":
    # From the root of a checkout ``import hardware`` would silently make a second copy of every class.
    raise ImportError("import neurosim.hardware, not hardware")
