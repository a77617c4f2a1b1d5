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
from onnxfi.report.counts.sites import Sites, count_sites, merge

__all__ = [
    "PER_DECADE",
    "Answer",
    "ClassPair",
    "Collection",
    "Counted",
    "Magnitudes",
    "Protected",
    "Sites",
    "TellingBits",
    "answers",
    "collect",
    "count_sites",
    "merge",
    "more_injections",
]
