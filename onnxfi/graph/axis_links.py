"""Maps the axes of an operator's inputs to the axes of its outputs."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from onnxfi.onnx_ir import ir

_Sizes = Sequence[int | ir.SymbolicDim]


@dataclass(frozen=True, slots=True)
class AxisLink:
    """The corresponding axes of two tensors.

    Attributes:
        source: an input of an operator.
        result: an output of the operator.
        forward: axes of `source` to the axes of `result` that they become.
        backward: axes of `result` to the axes of `source` that they come from.
    """

    source: ir.Value
    result: ir.Value
    forward: dict[int, int]
    backward: dict[int, int]


def axis_links(node: ir.Node) -> list[AxisLink]:
    """Return the links between an operator's inputs and outputs; none for an unknown operator."""
    rule = _RULES.get(node.op_type)
    return [] if rule is None else list(rule(node))


def rank_of(value: ir.Value) -> int | None:
    """Return the number of axes, or None if it is unknown."""
    return None if value.shape is None else value.shape.rank()


def _link(source: ir.Value, result: ir.Value, pairs: Iterable[tuple[int, int]]) -> AxisLink:
    forward = dict(pairs)
    return AxisLink(source, result, forward, {after: before for before, after in forward.items()})


def _inputs(node: ir.Node, positions: Iterable[int] | None) -> Iterator[ir.Value]:
    for position, value in enumerate(node.inputs):
        if value is not None and (positions is None or position in positions):
            yield value


def _elementwise(node: ir.Node, *, operands: Sequence[int] | None = None) -> Iterator[AxisLink]:
    """Align operands at their last axes, as broadcasting does."""
    result = node.outputs[0]
    for source in _inputs(node, operands):
        if source.shape is None or result.shape is None:
            continue
        shift = result.shape.rank() - source.shape.rank()
        if shift < 0:
            continue  # such as a scalar operand that is declared with an axis
        yield _link(
            source,
            result,
            [
                (axis, axis + shift)
                for axis, size in enumerate(source.shape)
                # A broadcast axis of size 1 does not have the meaning of the result's axis.
                if size != 1 or result.shape[axis + shift] == 1
            ],
        )


def _axis_by_axis(
    node: ir.Node, *, operands: Sequence[int] | None = (0,), results: int = 1, besides: int = 0
) -> Iterator[AxisLink]:
    """Link each axis with the axis at the same position.

    Args:
        node: the operator.
        operands: positions of the inputs to link; None for all.
        results: number of outputs to link, from the first on.
        besides: number of last axes to leave out.
    """
    for result in node.outputs[:results]:
        for source in _inputs(node, operands):
            rank = rank_of(source)
            if rank is not None and rank == rank_of(result):
                yield _link(source, result, [(axis, axis) for axis in range(rank - besides)])


def _quantization(node: ir.Node) -> Iterator[AxisLink]:
    """Link scales and zero points, which are per tensor, per channel or per block."""
    result = node.outputs[0]
    rank = rank_of(result)
    for position, source in enumerate(node.inputs):
        if position and rank and rank > 1 and source is not None and rank_of(source) == 1:
            axis = (_attribute_ints(node, "axis") or [1])[0]
            yield _link(source, result, [(0, axis % rank)])
        else:
            yield from _elementwise(node, operands=(position,))


def _transpose(node: ir.Node) -> Iterator[AxisLink]:
    for source in _inputs(node, (0,)):
        order = _attribute_ints(node, "perm") or [*reversed(range(rank_of(source) or 0))]
        yield _link(source, node.outputs[0], [(old, new) for new, old in enumerate(order)])


def _squeeze(node: ir.Node) -> Iterator[AxisLink]:
    for source in _inputs(node, (0,)):
        axes = _ints(node, "axes")
        if axes is None and len(node.inputs) < 2 and source.shape is not None:
            axes = [axis for axis, size in enumerate(source.shape) if size == 1]
        yield _link(source, node.outputs[0], _left_after_dropping(source, axes))


def _unsqueeze(node: ir.Node) -> Iterator[AxisLink]:
    result = node.outputs[0]
    for source in _inputs(node, (0,)):
        left = _left_after_dropping(result, _ints(node, "axes"))
        yield _link(source, result, [(small, big) for big, small in left])


def _reduce(node: ir.Node) -> Iterator[AxisLink]:
    for source in _inputs(node, (0,)):
        axes = _ints(node, "axes") or _attribute_ints(node, "axis")
        left = _left_after_dropping(source, axes)
        if _attribute_ints(node, "keepdims") != [0]:
            left = [(axis, axis) for axis, _ in left]
        yield _link(source, node.outputs[0], left)


def _gather(node: ir.Node) -> Iterator[AxisLink]:
    source, indices = node.inputs[:2]
    if source is None or indices is None:
        return
    rank, added = rank_of(source), rank_of(indices)
    if not rank or added is None:
        return
    gathered = (_attribute_ints(node, "axis") or [0])[0] % rank
    pairs = [(axis, axis) for axis in range(gathered + (added == 1))]
    pairs += [(axis, axis + added - 1) for axis in range(gathered + 1, rank)]
    yield _link(source, node.outputs[0], pairs)


def _reshape(node: ir.Node) -> Iterator[AxisLink]:
    result = node.outputs[0]
    for source in _inputs(node, (0,)):
        if source.shape is None or result.shape is None:
            continue
        groups = _matching_groups(source.shape[:], result.shape[:])
        if node.op_type == "Flatten":
            middle = (_attribute_ints(node, "axis") or [1])[0]
            axes = range(source.shape.rank())
            groups = [(axes[:middle], [0]), (axes[middle:], [1])]
        forward = {x: new[0] for old, new in groups for x in old if len(new) == 1}
        backward = {x: old[0] for old, new in groups for x in new if len(old) == 1}
        yield AxisLink(source, result, forward, backward)


def _left_after_dropping(value: ir.Value, axes: Sequence[int] | None) -> list[tuple[int, int]]:
    """Return each remaining axis and its new position; none if that is unknown."""
    rank = rank_of(value)
    if not rank or axes is None:
        return []
    dropped = {axis % rank for axis in axes}
    left = [axis for axis in range(rank) if axis not in dropped]
    return [(axis, position) for position, axis in enumerate(left)]


def _matching_groups(before: _Sizes, after: _Sizes) -> list[tuple[Sequence[int], Sequence[int]]]:
    """Pair the axes of a shape with the axes of a reshaped one: equal axes, then the rest."""
    shorter = min(len(before), len(after))
    # If all other sizes have the same product, an unknown batch size is the same as well.
    left = int(shorter > 0 and _same_product(before[1:], after[1:]))
    while left < shorter and _same_size(before[left], after[left]):
        left += 1
    right = 0
    while right < shorter - left and _same_size(before[-1 - right], after[-1 - right]):
        right += 1
    ends = len(before) - right, len(after) - right
    return [
        *(([axis], [axis]) for axis in range(left)),
        (range(left, ends[0]), range(left, ends[1])),
        *(([ends[0] + x], [ends[1] + x]) for x in range(right)),
    ]


def _same_size(one: int | ir.SymbolicDim, other: int | ir.SymbolicDim) -> bool:
    return one == other and getattr(one, "value", one) is not None


def _same_product(before: _Sizes, after: _Sizes) -> bool:
    known = [[x for x in sizes if isinstance(x, int)] for sizes in (before, after)]
    return list(map(len, known)) == [len(before), len(after)] and (
        math.prod(known[0]) == math.prod(known[1])
    )


def _attribute_ints(node: ir.Node, name: str) -> list[int] | None:
    attribute = node.attributes.get(name)
    if attribute is None:
        return None
    return (
        [attribute.as_int()] if attribute.type == ir.AttributeType.INT else [*attribute.as_ints()]
    )


def _ints(node: ir.Node, name: str) -> list[int] | None:
    """Return integers from the second input or, in older operator sets, from an attribute."""
    tensor = None
    for value in _inputs(node, (1,)):
        tensor = ir.convenience.get_const_tensor(value)
    if tensor is None:
        return _attribute_ints(node, name)
    return [int(x) for x in tensor.numpy().reshape(-1)]


# All inputs are broadcast. From BiasGelu on, the operators are in the domain com.microsoft.
_ELEMENTWISE = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast
    Ceil Celu Clip Cos Cosh Div Dropout Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual
    HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod
    Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus
    Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor
    BiasGelu FastGelu QuickGelu
""".split()  # noqa: SIM905
# The first output has the layout of the first input, whatever the other inputs are.
_LAYOUT_KEEPING = """
    Bernoulli CastLike CumSum DynamicQuantizeLinear GatherElements Hardmax LayerNormalization
    LogSoftmax LpNormalization MeanVarianceNormalization Pad RMSNormalization Resize
    ReverseSequence RotaryEmbedding ScatterElements ScatterND Slice Softmax Tile Trilu Upsample
    QLinearLeakyRelu QLinearSigmoid QLinearSoftmax SimplifiedLayerNormalization
    SkipLayerNormalization SkipSimplifiedLayerNormalization
""".split()  # noqa: SIM905
_REDUCTIONS = """
    ArgMax ArgMin ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum ReduceSumSquare
""".split()  # noqa: SIM905
_RULES: dict[str, Callable[[ir.Node], Iterator[AxisLink]]] = {
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(_LAYOUT_KEEPING, _axis_by_axis),
    **dict.fromkeys(_REDUCTIONS, _reduce),
    "Concat": partial(_axis_by_axis, operands=None),
    "DequantizeLinear": _quantization,
    "Expand": partial(_elementwise, operands=(0,)),
    "Flatten": _reshape,
    "Gather": _gather,
    # The axes before the matrices, such as the heads of attention.
    "MatMul": partial(_axis_by_axis, operands=(0, 1), besides=2),
    "QLinearAdd": partial(_elementwise, operands=(0, 3)),
    "QLinearConcat": partial(_axis_by_axis, operands=None),
    "QLinearMatMul": partial(_axis_by_axis, operands=(0, 3), besides=2),
    "QLinearMul": partial(_elementwise, operands=(0, 3)),
    "QuantizeLinear": _quantization,
    "Reshape": _reshape,
    "Split": partial(_axis_by_axis, results=1_000),
    "Squeeze": _squeeze,
    "TopK": partial(_axis_by_axis, results=2),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
