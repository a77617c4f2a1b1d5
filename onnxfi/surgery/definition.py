"""Rewrites a model so that ONNX Runtime computes low-precision tensors as ONNX defines them.

ONNX defines the value of each tensor: a float16 tensor is rounded to float16, and an int32 sum of
8-bit products is exact. ONNX Runtime 1.31 deviates from that in four ways, listed by its own names:

- ``InsertCastTransformer``: float16 operators without a CPU kernel run in float32 between two
  Casts. At every optimisation level ``RemoveDuplicateCastTransformer`` removes the Casts between
  two such operators, and with them the rounding and the overflow to Inf. `keep_rounding` prevents
  that: an Identity has a float16 kernel.
- ``MlasGemm`` with uint8 and int8 operands: sums saturate at int16 on processors with AVX2 or
  AVX-512 but without VNNI. `make_operands_alike` prevents that: products of operands of equal
  signedness are exact on all processors. The option ``session.x64quantprecision`` would do this for
  constant weights only, and only with optimisations on.
- ``QDQSelectorActionTransformer``, ``QDQPropagationTransformer`` and ``DoubleQDQPairsRemover``: a
  DequantizeLinear, a float operator and a QuantizeLinear become one integer operator, or a pair of
  quantisations is removed, depending on where the graph is cut.
- Fusions of float operators (``ConvMulFusion``, ``MatMulAddFusion``, …) round once where the graph
  rounds twice, and a later quantisation turns that into a difference of a whole step.

The last two do not run in sessions that merge no nodes, and `onnxfi.runtime.Session` merges none in
models of low precision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from onnxfi.onnx_ir import ir

_INT8, _UINT8 = ir.DataType.INT8, ir.DataType.UINT8
_SIGN_BIT: Final = 0x80


@dataclass(frozen=True, slots=True)
class _Product:
    """The positions of the inputs of an operator that multiplies 8-bit integers.

    Attributes:
        first: position of the activation; None if the operator converts a float input to uint8.
        second: position of the weight.
        zero_point: position of the weight's zero point.
        zero_axes: number of the weight's leading axes that its zero point must have.
    """

    first: int | None
    second: int
    zero_point: int
    zero_axes: int = 0


# From the operator documents of ONNX 1.23 and ONNX Runtime 1.31 (ContribOperators.md).
_PRODUCTS: Final[Mapping[str, tuple[_Product, ...]]] = {
    "ConvInteger": (_Product(0, 1, 3),),
    "DynamicQuantizeLSTM": (_Product(None, 1, 9, 1), _Product(None, 2, 11, 1)),
    "DynamicQuantizeMatMul": (_Product(None, 1, 3),),
    "MatMulInteger": (_Product(0, 1, 3),),
    "MatMulIntegerToFloat": (_Product(0, 1, 5),),
    "QAttention": (_Product(0, 1, 7),),
    "QGemm": (_Product(0, 3, 5),),
    "QLinearConv": (_Product(0, 3, 5),),
    "QLinearMatMul": (_Product(0, 3, 5),),
}


def keep_definition(model: ir.Model) -> None:
    """Rewrite a model and its bodies in place; names of inputs and outputs stay."""
    for graph in (model.graph, *model.graph.subgraphs()):
        keep_rounding(graph)
        make_operands_alike(graph)


def keep_rounding(graph: ir.Graph) -> None:
    """Insert an Identity between each float16 tensor and the nodes that read it."""
    for node in list(graph):
        if node.op_type == "Identity":
            continue
        for value in node.outputs:
            uses = list(value.uses())
            # The types of values in bodies are unknown, and an Identity accepts any type.
            if value.dtype not in (ir.DataType.FLOAT16, None) or not uses:
                continue
            identity = ir.node("Identity", [value], name=f"{value.name}/rounded")
            (rounded,) = identity.outputs
            rounded.name, rounded.type, rounded.shape = identity.name, value.type, value.shape
            graph.insert_after(node, identity)
            for use in uses:
                use.node.replace_input_with(use.idx, rounded)


def make_operands_alike(graph: ir.Graph) -> None:
    """Make both operands of each product of 8-bit integers signed, or both unsigned."""
    for node in list(graph):
        for product in _PRODUCTS.get(node.op_type, ()):
            weight = _input(node, product.second)
            first = None if product.first is None else _input(node, product.first)
            wanted = _UINT8 if product.first is None else first.dtype if first else None
            if weight is None or {weight.dtype, wanted} != {_INT8, _UINT8} or wanted is None:
                continue
            zero = _input(node, product.zero_point)
            zero = zero or _zeros(graph, node, weight, product.zero_axes)
            node.resize_inputs(max(len(node.inputs), product.zero_point + 1))
            for place, value in ((product.second, weight), (product.zero_point, zero)):
                node.replace_input_with(place, _moved(graph, node, value, wanted, place))


def _input(node: ir.Node, place: int) -> ir.Value | None:
    return node.inputs[place] if place < len(node.inputs) else None


def _zeros(graph: ir.Graph, node: ir.Node, weight: ir.Value, axes: int) -> ir.Value:
    """Return the implicit zero point of a weight that has none."""
    shape = list(weight.shape or ())[:axes]
    zeros = np.zeros([x for x in shape if isinstance(x, int)], _numpy(weight.dtype))
    return _constant(graph, f"{node.outputs[0].name}/{weight.name}/zero", zeros)


def _moved(
    graph: ir.Graph, node: ir.Node, value: ir.Value, wanted: ir.DataType, place: int
) -> ir.Value:
    """Return an 8-bit integer tensor shifted by 128 into the other signedness."""
    name = f"{node.outputs[0].name}/{place}/{wanted.name.lower()}"
    tensor = ir.convenience.get_const_tensor(value)
    if tensor is not None:
        flipped = np.ascontiguousarray(tensor.numpy()).view(np.uint8) ^ np.uint8(_SIGN_BIT)
        return _constant(graph, name, flipped.view(_numpy(wanted)))
    by = np.array(128 if wanted == _UINT8 else -128, np.int32)
    wide = ir.node("Cast", [value], {"to": ir.DataType.INT32})
    moved = ir.node("Add", [wide.outputs[0], _constant(graph, f"{name}/by", by)])
    narrow = ir.node("Cast", [moved.outputs[0]], {"to": wanted})
    _name_outputs((wide, moved, narrow), name)
    narrow.outputs[0].dtype, narrow.outputs[0].shape = wanted, value.shape
    graph.insert_before(node, (wide, moved, narrow))
    return narrow.outputs[0]


def _name_outputs(nodes: Iterable[ir.Node], name: str) -> None:
    for number, node in enumerate(nodes):
        node.name = node.outputs[0].name = f"{name}/{number}"


def _constant(graph: ir.Graph, name: str, array: np.ndarray) -> ir.Value:
    value = ir.Value(name=name)
    value.const_value = ir.Tensor(array, name=name)
    value.dtype, value.shape = value.const_value.dtype, ir.Shape(array.shape)
    graph.register_initializer(value)
    return value


def _numpy(dtype: ir.DataType | None) -> np.dtype:
    return np.dtype(np.int8 if dtype == _INT8 else np.uint8)
