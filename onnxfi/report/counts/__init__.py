"""Counts what the figures of a campaign show, in one pass over the records."""

from onnxfi.report.counts.collection import Collection, Counted, collect

__all__ = ["Collection", "Counted", "collect"]
