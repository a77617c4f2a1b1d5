"""The tensor that faults hit."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

TargetKind = Literal["activation", "weight", "input"]


@dataclass(frozen=True, slots=True)
class Target:
    """A tensor of a model that faults can hit.

    Attributes:
        tensor: name of the tensor in the ONNX graph.
        kind: ``activation``, what a node computes from the inputs; ``weight``, an initializer or
            what is computed from constants only; ``input``, a graph input.
        op_type: type of the ONNX operator that makes an activation, such as ``Conv``; for a weight
            or an input, of the first operator that reads it; empty where none does.
        node: name of that operator's node; may be empty.
        layer: path of the source framework's layer it belongs to, or None where the model has no
            layer map or the tensor belongs to no layer.
        shape: one int per fixed axis, a name per symbolic axis, None per unknown axis; None where
            not even the rank is known.
        dtype: NumPy dtype of the elements (bfloat16 and the like come from ml_dtypes).
        channel_axis: axis of the channels, or None where it is unknown. For (N, features) and for
            sequences (N, positions, features) it is that of the features; for attention scores
            (N, heads, T, T) that of the heads; for recurrent outputs (T, D, N, H) that of the
            hidden values; for weights that of the output channels.
    """

    tensor: str
    kind: TargetKind
    op_type: str
    node: str
    layer: str | None
    shape: tuple[int | str | None, ...] | None
    dtype: np.dtype[np.generic]
    channel_axis: int | None
