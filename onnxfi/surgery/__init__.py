"""Changing a model: splitting it at targets, exposing tensors as outputs, embedding faults."""

from onnxfi.surgery.embed import embed
from onnxfi.surgery.expose import expose
from onnxfi.surgery.split import Split, Stage, prefix_outputs, resolve_targets, split

__all__ = ["Split", "Stage", "embed", "expose", "prefix_outputs", "resolve_targets", "split"]
