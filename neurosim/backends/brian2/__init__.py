"""Brian2 (2.9 to 2.11) as an engine, given our updates: its clock, queues, monitors and code generation run our definition of a step.

Every number is without dimension, the clock runs in ms. A block is a NeuronGroup whose code is phases 2 and 3, a pathway is a
Synapses object with statements in the order of phases 4 and 5; additions to a state are summed apart and flushed between these
phases; delays of payloads, outputs and signals are shift registers. The hold is ours, not Brian2's refractoriness. Draws, Poisson
counts and tables come from :mod:`neurosim.ir.random` and the Program, so that random networks agree too.
"""

from neurosim.backends.brian2.backend import Brian2

__all__ = ["Brian2"]
