"""Finds the random numbers that a model draws, and makes them repeatable."""

from onnxfi.surgery.noise.dropout_masks import with_masks_apart
from onnxfi.surgery.noise.replay import (
    changed_noise,
    check_replayable,
    draws,
    noise_nodes,
    noise_note,
)
from onnxfi.surgery.noise.seeds import with_seeds

__all__ = [
    "changed_noise",
    "check_replayable",
    "draws",
    "noise_nodes",
    "noise_note",
    "with_masks_apart",
    "with_seeds",
]
