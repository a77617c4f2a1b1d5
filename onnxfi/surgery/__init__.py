"""Cutting a model: splitting it at a target, and exposing tensors as outputs."""

from onnxfi.surgery.expose import expose
from onnxfi.surgery.split import Split, Stage, resolve_targets, split

__all__ = ["Split", "Stage", "expose", "resolve_targets", "split"]
