"""Loads models as dataflow graphs, and finds the targets in them."""

from onnxfi.graph.choosing.resolution import Targets, check_distinct, resolve_targets
from onnxfi.graph.loading import load
from onnxfi.graph.model import Model
from onnxfi.graph.target import Target, TargetKind

__all__ = ["Model", "Target", "TargetKind", "Targets", "check_distinct", "load", "resolve_targets"]
