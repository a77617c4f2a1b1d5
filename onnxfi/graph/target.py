"""Defines a target: the tensor that faults hit."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

TargetKind = Literal["activation", "weight", "input"]


@dataclass(frozen=True, slots=True)
class Target:
    """A tensor of a model that faults can hit.

    Attributes:
        tensor: name of the tensor in the ONNX graph.
        kind: ``activation``, a tensor that a node computes from the inputs; ``weight``, an
            initializer or a tensor that is computed from constants only; ``input``, a graph input.
        op_type: type of the ONNX operator that computes an activation, such as ``Conv``; for a
            weight or an input, the type of the first operator that reads it, or empty.
        node: name of that operator's node; may be empty.
        layer: path of the source framework's layer that it belongs to; None if the model has no
            layer map or the tensor belongs to no layer.
        shape: one int per fixed axis, a name per symbolic axis, None per unknown axis; None as a
            whole if the rank is unknown.
        dtype: NumPy dtype of the elements (bfloat16 and the like come from ml_dtypes).
        channel_axis: axis of the channels, or None if it is unknown. It is the axis of the features
            in (N, features) and in sequences (N, positions, features), of the heads in attention
            scores (N, heads, T, T), of the hidden values in recurrent outputs (T, D, N, H), and of
            the output channels in weights.
    """

    tensor: str
    kind: TargetKind
    op_type: str
    node: str
    layer: str | None
    shape: tuple[int | str | None, ...] | None
    dtype: np.dtype[np.generic]
    channel_axis: int | None
