"""Which nodes ONNX Runtime computes together with those that follow, with other bits than alone.

A region cuts a stage in two, and each part is optimised by itself. So that a campaign with
propagation gives the records of one without, no cut may go through what would be rewritten as one.
"""

from collections.abc import Iterable

import onnx_ir as ir

# Beginnings of Gelu, QuickGelu and the like, which are merged; they end in a Mul.
_CURVES = frozenset(["Erf", "Sigmoid", "Tanh"])
_ARITHMETIC = frozenset(["Add", "Cast", "Div", "Mul", "Pow", "Sqrt", "Sub"])
_LONGEST = 6
# What a BatchNormalization is merged into, before the layout is changed.
_TAKES_NORMALIZATION = frozenset(["Conv", "ConvTranspose", "Gemm", "MatMul"])
# Sums before them are merged; so is all of one that is written out, from its first mean on.
_NORMALIZATIONS = frozenset(
    ["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"]
)
_BEHIND_A_MEAN = frozenset(["Add", "Cast", "Sqrt", "Sub"])
# What is merged into a MatMul, also through what only reshapes; into a Gemm only a Transpose is.
_MERGED_INTO_PRODUCTS = frozenset(["Cast", "Div", "Mul", "Transpose"])
_RESHAPING = frozenset(["Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"])
# A Transpose before them is moved behind them, which then work along other axes.
_ALONG_AXES = frozenset(["CumSum", "Hardmax", "LogSoftmax", "LpNormalization", "Softmax"])
# Becomes one node with a reader of this kind.
_PAIRS = {"Cast": "Cast", "Div": "Mul"}
# They change the layout of images (NCHWc), in which a BatchNormalization becomes a convolution.
_POOLINGS = frozenset(["MaxPool", "GlobalMaxPool"])


def rewritten_nodes(graph: ir.Graph) -> set[ir.Node]:
    """Return the nodes that must stay with what follows them."""
    found: set[ir.Node] = set()
    for node in graph:
        if node.op_type in _ALONG_AXES or node.op_type.startswith("Reduce") or _normalizes(node):
            leading = _before(node, _ARITHMETIC | _RESHAPING | {"Transpose"}, None)
            found |= {x for x in leading if x.op_type == "Transpose"}
        if node.op_type in _CURVES and _ends_in_product(node):
            found |= {node, *_before(node, _ARITHMETIC, _LONGEST)}
        elif _normalizes(node):
            found |= _before(node, _ARITHMETIC, _LONGEST)
        elif node.op_type == "Gemm":
            found |= _before(node, ["Transpose"], 1)
        elif node.op_type == "MatMul":
            leading = _before(node, _MERGED_INTO_PRODUCTS | _RESHAPING, None)
            found |= {x for x in leading if x.op_type in _MERGED_INTO_PRODUCTS}
        elif any(x.op_type == _PAIRS.get(node.op_type) for x in _readers(node)):
            found.add(node)
        elif node.op_type == "BatchNormalization":
            producer = node.inputs[0] and node.inputs[0].producer()
            if producer and producer.op_type not in _TAKES_NORMALIZATION:
                found |= {x for x in _before(node, None, None) if x.op_type in _POOLINGS}
    return found


def _normalizes(node: ir.Node) -> bool:
    if node.op_type == "ReduceMean":
        return any(x.op_type in _BEHIND_A_MEAN for x in _readers(node))
    return node.op_type in _NORMALIZATIONS


def _ends_in_product(node: ir.Node) -> bool:
    readers = _readers(node)
    return any(x.op_type == "Mul" for y in readers for x in (y, *_readers(y)))


def _readers(node: ir.Node) -> list[ir.Node]:
    return [use.node for value in node.outputs for use in value.uses()]


def _before(node: ir.Node, kinds: Iterable[str] | None, steps: int | None) -> set[ir.Node]:
    """Return the nodes that lead to one: of some kinds only, and so many steps back; or all."""
    found: set[ir.Node] = set()
    latest = {node}
    while latest and steps != 0:
        producers = {x.producer() for y in latest for x in y.inputs if x is not None}
        latest = {
            x for x in producers if x is not None and (kinds is None or x.op_type in kinds)
        } - found
        found |= latest
        steps = None if steps is None else steps - 1
    return found
