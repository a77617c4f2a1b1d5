"""Estimates a rate from strata that are sampled at different densities, and allocates runs to them.

It knows arrays only: which faults form a stratum is decided elsewhere.
"""

from onnxfi.statistics.stratified.allocation import PILOT, allocate, pilot, round_size
from onnxfi.statistics.stratified.counts import StratumCounts
from onnxfi.statistics.stratified.estimate import stratified_rate
from onnxfi.statistics.stratified.shares import SHARES, group_scores

__all__ = [
    "PILOT",
    "SHARES",
    "StratumCounts",
    "allocate",
    "group_scores",
    "pilot",
    "round_size",
    "stratified_rate",
]
