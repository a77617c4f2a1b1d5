"""Changes models: splits them at targets, exposes tensors as outputs, embeds faults."""

from onnxfi.graph import resolve_targets
from onnxfi.surgery.cut import prefix_outputs
from onnxfi.surgery.embed import embed
from onnxfi.surgery.expose import expose
from onnxfi.surgery.split import Split, Stage, split, split_at

__all__ = [
    "Split",
    "Stage",
    "embed",
    "expose",
    "prefix_outputs",
    "resolve_targets",
    "split",
    "split_at",
]
