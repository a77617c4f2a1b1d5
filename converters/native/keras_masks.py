"""Carries the Keras mask of each tensor from layer to layer.

A Keras mask marks the time steps of a tensor that count. Keras carries it as an attribute of the
tensor: Embedding and Masking make it, recurrent layers and attention read it, the other layers
pass it on or lose it. The method ``compute_mask`` of a layer class defines which, in both versions
of Keras; the layer table states it as a `MaskRule`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import numpy_helper

from onnxfi.converters.keras_files.values import leaves
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, Options
from onnxfi.converters.translation.layer_kind import MaskRule
from onnxfi.converters.translation.sequences import sizes
from onnxfi.converters.translation.tensor import Tensor


class KerasMasks:
    """The Keras mask of each tensor of a model, by the tensor's name."""

    def __init__(self) -> None:
        """Start without masks."""
        # Tensors that share one mask share one list of it.
        self._holders: dict[str, list[Tensor | None]] = {}

    def of(self, name: str) -> Tensor | None:
        """Return the mask of a tensor, by its name; None where it has none."""
        return self._holders.get(name, [None])[0]

    def give(self, masks: Mapping[str, Tensor]) -> None:
        """Give tensors, by name, their masks."""
        self._holders |= {name: [mask] for name, mask in masks.items()}

    def copy(self, source: str, destination: str) -> None:
        """Give one tensor the mask of another, if it has one."""
        mask = self.of(source)
        if mask is not None:
            self.give({destination: mask})

    def record(
        self,
        call: LayerCall,
        rule: MaskRule,
        outputs: Sequence[Tensor],
        masks: Sequence[Tensor | None],
    ) -> None:
        """Give the outputs of a call their masks, in order.

        Args:
            call: the call.
            rule: the rule of its layer, which may also change the masks of the inputs.
            outputs: the outputs of the call.
            masks: their masks; those of the last outputs may be missing.
        """
        for output, mask in zip(outputs, masks, strict=False):
            self._holders[output.name] = [mask]
        if rule is MaskRule.SHARED:
            holder = self._holders.setdefault(call.input.name, [None])
            self._holders[outputs[0].name] = holder
        elif rule is MaskRule.TAKEN:
            for tensor in leaves((call.arguments, call.keywords), Tensor):
                self._holders.setdefault(tensor.name, [None])[0] = None


def explicit_masks(
    keywords: Mapping[str, Any], inputs: Iterable[Tensor], options: Options
) -> dict[str, Tensor]:
    """Return the Keras masks that a call passes as an argument, by the names of its inputs.

    Raises:
        UnsupportedLayerError: a mask is not a tensor of truth values.
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


def output_masks(call: LayerCall, rule: MaskRule, graph: GraphBuilder) -> tuple[Tensor | None, ...]:
    """Return the Keras masks of the outputs of a layer that makes none of its own.

    Args:
        call: the call.
        rule: the rule of its layer.
        graph: the graph that grows.

    Returns:
        The mask of the first output, or nothing.

    Raises:
        UnsupportedLayerError: the layer reads masks, or joins them in a way, without translation.
    """
    masks = [call.mask_of(tensor) for tensor in call.inputs]
    if not any(mask is not None for mask in masks):
        return ()
    match rule:
        case MaskRule.REFUSED:
            raise call.options.unsupported("computes with the Keras mask of its input")
        case MaskRule.PASSED | MaskRule.SHARED:
            return tuple(masks[:1])
        case MaskRule.MERGED:
            return (_merged(call, masks, graph),)
        case MaskRule.CONCATENATED:
            return (_concatenated(call, masks, graph),)
        case MaskRule.LOST | MaskRule.TAKEN:
            return ()


def _merged(call: LayerCall, masks: Sequence[Tensor | None], graph: GraphBuilder) -> Tensor | None:
    """Return the mask of an element-wise layer.

    In Keras 2 a step counts if every existing mask is true; in Keras 3 if one mask is true, and
    there is no mask unless all inputs have one.
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
    """Return the mask of a Concatenate: along the time axis, the masks are concatenated."""
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
