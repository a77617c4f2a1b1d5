"""The channel axis of a tensor, for models without a layer map."""

from collections.abc import Mapping

import onnx_ir as ir

# Their outputs are N, C, spatial axes by the ONNX operator specification.
_CHANNELS_FIRST = frozenset(
    [
        "AveragePool",
        "BatchNormalization",
        "Conv",
        "ConvInteger",
        "ConvTranspose",
        "DepthToSpace",
        "GlobalAveragePool",
        "GlobalLpPool",
        "GlobalMaxPool",
        "GroupNormalization",
        "InstanceNormalization",
        "LRN",
        "LpPool",
        "MaxPool",
        "MaxUnpool",
        "QLinearConv",
        "SpaceToDepth",
    ]
)
# Features are the last axis.
_CHANNELS_LAST = frozenset({"Gemm", "MatMul", "MatMulInteger", "QLinearMatMul"})
# Their output has the layout of their inputs.
_SAME_LAYOUT = frozenset(
    [
        "Abs",
        "Add",
        "Cast",
        "Clip",
        "Concat",
        "DequantizeLinear",
        "Div",
        "Dropout",
        "Elu",
        "Erf",
        "Exp",
        "Gelu",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "LayerNormalization",
        "LeakyRelu",
        "LogSoftmax",
        "Max",
        "Mean",
        "Min",
        "Mul",
        "Neg",
        "PRelu",
        "Pad",
        "QuantizeLinear",
        "Relu",
        "Resize",
        "Selu",
        "Sigmoid",
        "Softmax",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Sub",
        "Sum",
        "Tanh",
        "Upsample",
    ]
)


def channel_axes(graph: ir.Graph) -> Mapping[str, int]:
    """Return the channel axis of each tensor whose producers tell it, by tensor name."""
    axes: dict[str, int] = {}
    for node in graph:
        for value in node.outputs:
            axis = _axis(node, value, axes)
            if axis is not None and value.name:
                axes[value.name] = axis
    return axes


def _axis(node: ir.Node, value: ir.Value, axes: Mapping[str, int]) -> int | None:
    if node.op_type in _CHANNELS_FIRST:
        return 1
    rank = None if value.shape is None else value.shape.rank()
    if node.op_type in _CHANNELS_LAST:
        return None if not rank else rank - 1
    if node.op_type in _SAME_LAYOUT:
        for source in node.inputs:
            if source is None or source.shape is None or source.shape.rank() != rank:
                continue
            if source.name in axes:
                return axes[source.name or ""]
    if node.op_type == "Transpose" and node.inputs[0] is not None:
        axis = axes.get(node.inputs[0].name or "")
        perm = node.attributes.get("perm")
        if axis is not None and perm is not None:
            return list(perm.as_ints()).index(axis)
    return None
