"""The record of a run as a user reads it: spikes, rates, traces, weights, provenance; one file that h5py alone can read."""

from neurosim.result.part import PartResult
from neurosim.result.provenance import PartInfo, PhaseInfo, Provenance, TapInfo
from neurosim.result.view import Result, load_result, require_result

__all__ = ["PartInfo", "PartResult", "PhaseInfo", "Provenance", "Result", "TapInfo", "load_result", "require_result"]
