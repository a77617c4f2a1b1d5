"""Counts what the figures of a campaign show, in one pass over the records."""

from onnxfi.report.counts.answers import (
    Answer,
    Protected,
    TellingBits,
    answers,
    more_injections,
)
from onnxfi.report.counts.answers_given import ClassPair
from onnxfi.report.counts.collection import Collection, Counted, collect
from onnxfi.report.counts.magnitudes import PER_DECADE, Magnitudes

__all__ = [
    "PER_DECADE",
    "Answer",
    "ClassPair",
    "Collection",
    "Counted",
    "Magnitudes",
    "Protected",
    "TellingBits",
    "answers",
    "collect",
    "more_injections",
]
