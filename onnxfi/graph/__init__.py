"""A model as a dataflow graph: loading it, and finding the targets in it."""

from onnxfi.graph.loading import load
from onnxfi.graph.model import Model
from onnxfi.graph.target import Target, TargetKind

__all__ = ["Model", "Target", "TargetKind", "load"]
