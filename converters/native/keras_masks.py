"""Masks: which time steps of a tensor count, and what each layer makes of the mask of its inputs.

Keras carries a mask as an attribute of a tensor. Embedding and Masking make it, recurrent layers
and attention read it, the others pass it on or lose it. Which layer does what is in the method
``compute_mask`` of its class, in both versions of Keras.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import numpy_helper

from onnxfi.converters.keras_files.values import leaves
from onnxfi.converters.translation.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.translation.layer_call import LayerCall, Options
from onnxfi.converters.translation.sequences import sizes

# Layers whose output has the mask of their input.
_PASSING = {
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "GroupedQueryAttention",
    "LayerNormalization",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "ThresholdedReLU",
    "UnitNormalization",
}
_PASSING_IN_KERAS_3 = _PASSING | {"Identity", "Normalization", "Rescaling"}
_MERGING = {"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"}

# Layers that leave masked values out of what they compute; their translations must say so by giving
# the masks of their outputs.
_READING = {2: ("GlobalAveragePooling1D", "GroupNormalization"), 3: ("GlobalAveragePooling1D",)}

# Layers that return their very input outside of training: both have one mask from then on.
_SAME_TENSOR = {
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
}


class Masks:
    """The mask of each tensor of a model, by the tensor's name."""

    def __init__(self) -> None:
        """Start without masks."""
        self._holders: dict[str, list[Tensor | None]] = {}

    def of(self, name: str) -> Tensor | None:
        """Return the mask of a tensor, by its name; None where it has none."""
        return self._holders.get(name, [None])[0]

    def give(self, masks: Mapping[str, Tensor]) -> None:
        """Give tensors, by name, their masks."""
        self._holders |= {name: [mask] for name, mask in masks.items()}

    def record(
        self, call: LayerCall, outputs: Sequence[Tensor], masks: Sequence[Tensor | None]
    ) -> None:
        """Give the outputs of a call their masks, in order; outputs without a mask may be left out.

        MultiHeadAttention of Keras 3 takes the masks away from the tensors that it reads, so a
        layer that reads them later finds none.
        """
        for output, mask in zip(outputs, masks, strict=False):
            self._holders[output.name] = [mask]
        if call.options.keras_major == 2:
            return
        if call.options.layer_class in _SAME_TENSOR:
            holder = self._holders.setdefault(call.input.name, [None])
            self._holders[outputs[0].name] = holder
        if call.options.layer_class == "MultiHeadAttention":
            for tensor in leaves((call.arguments, call.keywords), Tensor):
                self._holders.setdefault(tensor.name, [None])[0] = None


def masks_among(
    keywords: Mapping[str, Any], inputs: Sequence[Tensor], options: Options
) -> dict[str, Tensor]:
    """Return the masks that a call passes as an argument, by the names of its inputs.

    Raises:
        UnsupportedLayerError: a mask is no tensor of truth values.
    """
    given = keywords.get("mask")
    masks = given if isinstance(given, list) else [given]
    named: dict[str, Tensor] = {}
    for tensor, mask in zip(inputs, masks, strict=False):
        if isinstance(mask, Tensor) and mask.dtype == "bool":
            named[tensor.name] = mask
        elif mask is not None:
            raise options.unsupported("is called with a mask that is no tensor of type bool")
    return named


def passed_masks(call: LayerCall, graph: GraphBuilder) -> tuple[Tensor | None, ...]:
    """Return the mask of the output of a layer that makes none of its own.

    Args:
        call: the call.
        graph: the graph that grows.

    Returns:
        The mask of the first output, or nothing.

    Raises:
        UnsupportedLayerError: the layer reads masks, or joins them in a way, without translation.
    """
    layer_class = call.options.layer_class
    passing = _PASSING if call.options.keras_major == 2 else _PASSING_IN_KERAS_3
    masks = [call.mask_of(tensor) for tensor in call.inputs]
    if not any(mask is not None for mask in masks):
        return ()
    if layer_class in _READING[call.options.keras_major]:
        raise call.options.unsupported("leaves out the masked steps of its input")
    if layer_class in passing:
        return tuple(masks[:1])
    if layer_class in _MERGING:
        return (_merged(call, masks, graph),)
    if layer_class == "Concatenate":
        return (_concatenated(call, masks, graph),)
    return ()


def _merged(call: LayerCall, masks: Sequence[Tensor | None], graph: GraphBuilder) -> Tensor | None:
    """Return the mask of an element-wise layer.

    Keras 2 wants every mask that there is to be true, Keras 3 one of them, if all inputs have one.
    """
    present = [mask for mask in masks if mask is not None]
    if call.options.keras_major == 3 and len(present) < len(masks):
        return None
    operator = "And" if call.options.keras_major == 2 else "Or"
    result, *others = present
    for mask in others:
        result = graph.apply(operator, result, mask.name)
    return result


def _concatenated(
    call: LayerCall, masks: Sequence[Tensor | None], graph: GraphBuilder
) -> Tensor | None:
    """Return the mask of a Concatenate: along the time it is the masks, one behind the other."""
    axis = call.options.integer("axis", -1)
    if any(tensor.rank != 3 for tensor in call.inputs) or axis not in (-1, 1, 2):
        raise call.options.unsupported(f"joins masks along axis {axis}")
    if axis != 1:
        return _merged(call, masks, graph)
    if None in masks and call.options.keras_major == 2:
        raise call.options.unsupported("joins tensors with and without a mask along the time")
    names = [
        _all_true(tensor, graph) if mask is None else mask.name
        for tensor, mask in zip(call.inputs, masks, strict=True)
    ]
    return Tensor(graph.operator("Concat", names, axis=1), (None, None), dtype="bool")


def _all_true(tensor: Tensor, graph: GraphBuilder) -> str:
    """Return a mask of a tensor (batch, time, features) that is true everywhere."""
    shape = sizes(graph.channels_last(tensor).name, 0, 2, graph)
    true = numpy_helper.from_array(np.array([True]))
    return graph.operator("ConstantOfShape", [shape], value=true)
