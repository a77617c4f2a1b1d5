"""Proves that the samples of a batch do not mix, by the axis along which they lie."""

from onnxfi.graph.sample_axis.proof import sample_axes

__all__ = ["sample_axes"]
