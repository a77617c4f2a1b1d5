"""Finds low precision and coarse rounding, which make values with different bits equal."""

from typing import Final

from onnxfi.onnx_ir import ir

_LOW_PRECISION_DTYPES: Final = frozenset(
    dtype
    for dtype in ir.DataType
    if dtype.name.startswith(("FLOAT16", "BFLOAT16", "FLOAT8", "FLOAT4", "FLOAT6", "INT4", "UINT4"))
    or dtype.name in ("INT2", "UINT2")
)
_DTYPE_ATTRIBUTES: Final = frozenset(["to", "dtype", "output_dtype"])
# The operators of quantised models, from ONNX and from ONNX Runtime's domain com.microsoft.
_QUANTISED_OPERATORS: Final = frozenset(
    [
        *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),
        *("ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul"),
        *("DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"),
        *("QAttention", "QGemm", "QLinearAdd", "QLinearAveragePool", "QLinearConcat"),
        *("QLinearGlobalAveragePool", "QLinearLeakyRelu", "QLinearMul", "QLinearReduceMean"),
        *("QLinearSigmoid", "QLinearSoftmax", "QLinearWhere", "QEmbedLayerNormalization"),
    ]
)


# Most inputs that are close together give the same result.
_COARSE_OPERATORS: Final = frozenset(
    """
    ArgMax ArgMin Ceil Equal Floor Greater GreaterOrEqual Hardmax Less LessOrEqual
    NonMaxSuppression Round Sign TopK
    """.split()  # noqa: SIM905
)
_FLOATS: Final = frozenset([ir.DataType.FLOAT, ir.DataType.DOUBLE])


def rounds_coarsely(graph: ir.Graph) -> bool:
    """Return whether equal outputs of a graph may hide different bits in its tensors.

    If so, comparing outputs on a few values does not prove that tensors have the same bits.
    """
    return has_low_precision(graph) or any(
        node.op_type in _COARSE_OPERATORS
        or (node.op_type == "Cast" and node.outputs[0].dtype not in _FLOATS)
        for node in ir.traversal.RecursiveGraphIterator(graph)
        if any(x is not None and x.dtype in (*_FLOATS, None) for x in node.inputs)
    )


def has_low_precision(graph: ir.Graph) -> bool:
    """Return whether a graph, or a body in it, has values or operators of low precision.

    Integers of 8 and more bits count only together with a quantised operator, because images and
    token ids are integers as well.
    """
    return any(
        node.op_type in _QUANTISED_OPERATORS
        or any(x.dtype in _LOW_PRECISION_DTYPES for x in (*node.inputs, *node.outputs) if x)
        or any(_names_low_precision(x) for x in node.attributes.values())
        for node in ir.traversal.RecursiveGraphIterator(graph)
    )


def _names_low_precision(attribute: ir.Attr) -> bool:
    """Return whether an attribute gives a node's output a dtype of low precision.

    This covers bodies, in which the types of values are not inferred.
    """
    if attribute.type == ir.AttributeType.TENSOR:
        return attribute.as_tensor().dtype in _LOW_PRECISION_DTYPES
    names_dtype = attribute.name in _DTYPE_ATTRIBUTES
    return names_dtype and ir.DataType(attribute.as_int()) in _LOW_PRECISION_DTYPES
