"""Describes nodes that compute each place of an image from the places around it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from onnxfi.graph import depends_on_place
from onnxfi.onnx_ir import ir
from onnxfi.suffix.windows.boxes import Sliding
from onnxfi.suffix.windows.spreading import Spreading

#: Operators that read images through a kernel, and the position of their weights.
WEIGHTS = {"Conv": 1, "ConvInteger": 1, "ConvTranspose": 1, "QLinearConv": 3}
_SLIDING = frozenset({"AveragePool", "Conv", "ConvInteger", "MaxPool", "QLinearConv"})
_SPREADING = frozenset({"ConvTranspose", "Resize", "Upsample"})
# An element of the output comes from the same place of the inputs, with the same bits at any place.
# Kernels of Elu, Selu, Softplus, LRN, Max and Min differ by place (`graph.sample_axis.kernels`).
_POINTWISE = frozenset(
    [
        *("Abs", "Add", "BatchNormalization", "Cast", "Clip", "Concat", "DequantizeLinear", "Div"),
        *("Dropout", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Mul"),
        *("Neg", "PRelu", "QuantizeLinear", "Relu", "Sigmoid", "Sub", "Sum", "Tanh"),
    ]
)
# The same for operators of ONNX Runtime's own domain.
_OWN_POINTWISE = frozenset(
    ["QLinearAdd", "QLinearConcat", "QLinearLeakyRelu", "QLinearMul", "QLinearSigmoid"]
)
# Channels that ONNX Runtime keeps together (NCHWc): 8 with AVX2, 16 with AVX-512.
_CHANNEL_BLOCK = 16
_CONCATENATIONS = frozenset({"Concat", "QLinearConcat"})


@dataclass(frozen=True, eq=False, slots=True)
class WindowedNode:
    """A node that keeps the two spatial axes of its tensors, (1, channels, rows, columns).

    Attributes:
        ir_node: the node itself.
        images: the names of its inputs that have the spatial axes; others are taken whole.
        output: the name of its output.
        sliding: its sliding windows or spreading; None if it computes place by place.
    """

    ir_node: ir.Node
    images: tuple[str, ...]
    output: str
    sliding: Sliding | Spreading | None


def spatial_size(value: ir.Value | None) -> tuple[int, int] | None:
    """Return rows and columns of a tensor of images; None if it is no image or they are unknown."""
    if value is None or value.shape is None or len(value.shape) != 4:
        return None
    _, _, rows, columns = value.shape
    return (rows, columns) if isinstance(rows, int) and isinstance(columns, int) else None


def make_windowed_node(node: ir.Node, reached: Collection[ir.Value | None]) -> WindowedNode | None:
    """Describe a node that windows can pass; None if it reads the whole image.

    Args:
        node: the node; at least one of its inputs is reached.
        reached: values that may differ from golden.
    """
    size = spatial_size(node.outputs[0])
    used = [x for x in node.outputs[1:] if x.uses() or x.is_graph_output()]
    own = node.domain == "com.microsoft" and node.op_type in _OWN_POINTWISE
    if (node.domain not in ("", "ai.onnx") and not own) or size is None or used:
        return None
    made, name = node.outputs[0], node.outputs[0].name or ""
    if node.op_type in _SLIDING or node.op_type in _SPREADING:
        image, *others = node.inputs
        sliding = _sliding(node) if node.op_type in _SLIDING else _spreading(node)
        if image is None or sliding is None or any(x in reached for x in others):
            return None
        if _needs_channel_blocks(node) and not all(map(_has_channel_blocks, (image, made))):
            return None
        return WindowedNode(node, (image.name or "",), name, sliding)
    attributes = node.attributes
    if (node.op_type not in _POINTWISE and not own) or depends_on_place(node):
        return None
    if attributes.get_int("training_mode", 0) == 1:
        return None
    if node.op_type in _CONCATENATIONS and attributes.get_int("axis", 1) not in (1, -3):
        return None
    images = []
    for value in node.inputs:
        if value is None or _counts_for_all_places(value):
            continue
        if spatial_size(value) != size:
            return None
        images.append(value.name or "")
    whole = [x for x in node.inputs if x is not None and x in reached and x.name not in images]
    return None if whole or not images else WindowedNode(node, tuple(images), name, None)


def _needs_channel_blocks(node: ir.Node) -> bool:
    """Return whether only the kernel for blocks of channels gives the same bits at any place.

    The plain MaxPool kernel chooses between zeros of both signs, or between NaN, by the place in a
    row. The plain kernel of grouped convolutions adds in another order if a row has one place.
    """
    if node.op_type == "MaxPool":
        source = node.inputs[0]
        producer = None if source is None else source.producer()
        dequantised = producer is not None and producer.op_type == "DequantizeLinear"
        return not dequantised and node.outputs[0].dtype not in (
            ir.DataType.INT8,
            ir.DataType.UINT8,
        )
    return node.op_type == "Conv" and node.attributes.get_int("group", 1) != 1


def _has_channel_blocks(value: ir.Value) -> bool:
    channels = None if value.shape is None else value.shape[1]
    return isinstance(channels, int) and channels % _CHANNEL_BLOCK == 0


def _counts_for_all_places(value: ir.Value) -> bool:
    """Return whether a tensor has one value for all places of an image."""
    shape = value.shape
    return shape is not None and (len(shape) < 3 or all(x == 1 for x in list(shape)[-2:]))


def _sliding(node: ir.Node) -> Sliding | None:
    if node.attributes.get_string("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None  # the padding depends on the size of the image
    kernel = _kernel(node)
    if kernel is None:
        return None
    pads = _ints(node, "pads", (0, 0, 0, 0))
    return Sliding(
        kernel=kernel,
        stride=_ints(node, "strides", (1, 1)),
        dilation=_ints(node, "dilations", (1, 1)),
        pad=pads[:2],
        end_pad=pads[2:],
        ceil=node.attributes.get_int("ceil_mode", 0) == 1,
    )


def _spreading(node: ir.Node) -> Spreading | None:
    if node.op_type != "ConvTranspose":
        return _resizing(node)
    attributes = node.attributes
    kernel = _kernel(node)
    auto_pad = attributes.get_string("auto_pad", "NOTSET")
    if kernel is None or auto_pad not in ("NOTSET", "VALID") or "output_shape" in attributes:
        return None
    pads = _ints(node, "pads", (0, 0, 0, 0))
    return Spreading(
        kernel=kernel,
        stride=_ints(node, "strides", (1, 1)),
        dilation=_ints(node, "dilations", (1, 1)),
        pad=pads[:2],
        end_pad=pads[2:] - _ints(node, "output_padding", (0, 0)),
    )


def _resizing(node: ir.Node) -> Spreading | None:
    """Return the spreading of an enlargement by whole numbers; None for other resizings."""
    image, made = node.inputs[0], node.outputs[0]
    before, after = spatial_size(image), spatial_size(made)
    if before is None or after is None or any(y % x for x, y in zip(before, after, strict=True)):
        return None
    if image is None or image.shape is None or made.shape is None or "axes" in node.attributes:
        return None
    if image.shape[:2] != made.shape[:2]:
        return None
    times = np.array(after) // np.array(before)
    attributes = node.attributes
    where = attributes.get_string("coordinate_transformation_mode", "half_pixel")
    rounding = attributes.get_string("nearest_mode", "round_prefer_floor")
    mode = attributes.get_string("mode", "nearest")
    centred = where in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel")
    if mode == "nearest" and (
        (centred and rounding.startswith("round")) or (where, rounding) == ("asymmetric", "floor")
    ):
        # Each place becomes a block.
        zero = np.zeros(2, np.int64)
        return Spreading(times, times, np.ones(2, np.int64), zero, zero)
    if mode == "linear" and (centred or where == "asymmetric") and not (times & (times - 1)).any():
        # Weights are multiples of powers of two, so they are exact. Each place reaches its block
        # and the halves beside it.
        kernel = times + 3 * times // 2
        return Spreading(kernel, times, np.ones(2, np.int64), times - 1, times // 2 + 1)
    return None


def _kernel(node: ir.Node) -> np.ndarray | None:
    kernel = node.attributes.get_ints("kernel_shape") or ()
    if not kernel and node.op_type in WEIGHTS:
        weights = node.inputs[WEIGHTS[node.op_type]]
        shape = () if weights is None or weights.shape is None else tuple(weights.shape)
        kernel = [x for x in shape[2:] if isinstance(x, int)]
    return np.array(kernel) if len(kernel) == 2 else None


def _ints(node: ir.Node, name: str, default: tuple[int, ...]) -> np.ndarray:
    return np.array(node.attributes.get_ints(name) or default)
