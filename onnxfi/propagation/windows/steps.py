"""Which nodes compute each place of an image from the places around it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from onnxfi.propagation.windows.boxes import Sliding

_SLIDING = frozenset({"AveragePool", "Conv", "MaxPool"})
# Each element of the output comes from the same place of the inputs.
_POINTWISE = frozenset(
    [
        *("Abs", "Add", "BatchNormalization", "Cast", "Clip", "Concat", "Div", "Dropout", "Elu"),
        *("Exp", "Gelu", "HardSigmoid", "HardSwish", "Identity", "LRN", "LeakyRelu", "Max", "Min"),
        *("Mul", "Neg", "PRelu", "Relu", "Selu", "Sigmoid", "Softplus", "Sub", "Sum", "Tanh"),
    ]
)


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """A node that keeps the two spatial axes of its tensors, (1, channels, rows, columns).

    Attributes:
        node: the node.
        images: the names of its inputs that have the spatial axes; others are taken whole.
        output: the name of its output.
        sliding: how its windows slide; None where it computes place by place.
    """

    node: ir.Node
    images: tuple[str, ...]
    output: str
    sliding: Sliding | None


def spatial_size(value: ir.Value | None) -> tuple[int, int] | None:
    """Return rows and columns of a tensor of one image; None where it is none or not known."""
    if value is None or value.shape is None or len(value.shape) != 4:
        return None
    _, _, rows, columns = value.shape
    return (rows, columns) if isinstance(rows, int) and isinstance(columns, int) else None


def make_step(node: ir.Node, reached: Collection[ir.Value | None]) -> Step | None:
    """Return what a node does with windows, or None where it looks farther.

    Args:
        node: the node; at least one of its inputs is reached.
        reached: the values that may differ from golden.
    """
    size = spatial_size(node.outputs[0])
    used = [x for x in node.outputs[1:] if x.uses() or x.is_graph_output()]
    if node.domain not in ("", "ai.onnx") or size is None or used:
        return None
    name = node.outputs[0].name or ""
    if node.op_type in _SLIDING:
        image, *others = node.inputs
        sliding = _sliding(node)
        if image is None or sliding is None or any(x in reached for x in others):
            return None
        return Step(node, (image.name or "",), name, sliding)
    if node.op_type not in _POINTWISE or node.attributes.get_int("training_mode", 0) == 1:
        return None
    if node.op_type == "Concat" and node.attributes.get_int("axis", 1) not in (1, -3):
        return None
    images = []
    for value in node.inputs:
        if value is None or _counts_for_all_places(value):
            continue
        if spatial_size(value) != size:
            return None
        images.append(value.name or "")
    whole = [x for x in node.inputs if x is not None and x in reached and x.name not in images]
    return None if whole or not images else Step(node, tuple(images), name, None)


def _counts_for_all_places(value: ir.Value) -> bool:
    """Return whether a tensor is the same for every place of an image."""
    shape = value.shape
    return shape is not None and (len(shape) < 3 or all(x == 1 for x in list(shape)[-2:]))


def _sliding(node: ir.Node) -> Sliding | None:
    attributes = node.attributes
    kernel = attributes.get_ints("kernel_shape") or ()
    if not kernel and node.op_type == "Conv":
        weights = node.inputs[1]
        shape = () if weights is None or weights.shape is None else tuple(weights.shape)
        kernel = [x for x in shape[2:] if isinstance(x, int)]
    if len(kernel) != 2:
        return None
    if attributes.get_string("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None  # the padding depends on the size of the image
    pads = np.array(attributes.get_ints("pads") or (0, 0, 0, 0))
    return Sliding(
        kernel=np.array(kernel),
        stride=np.array(attributes.get_ints("strides") or (1, 1)),
        dilation=np.array(attributes.get_ints("dilations") or (1, 1)),
        pad=pads[:2],
        end_pad=pads[2:],
        ceil=attributes.get_int("ceil_mode", 0) == 1,
    )
