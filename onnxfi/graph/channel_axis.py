"""Infers the channel axis of each tensor, for models without a layer map.

The specification of some operators fixes the channel axis of their inputs, outputs and weights.
From there it spreads both ways along the links between tensors (`onnxfi.graph.axis_links`).
docs/targets.md lists the conventions.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from onnxfi.graph.axis_links import axis_links, rank_of
from onnxfi.graph.dependencies import constant_values
from onnxfi.onnx_ir import ir

# Positions of inputs or outputs to their channel axes; a negative axis counts from the end.
_Axes = dict[int, int]
_DATA = {0: 1}
_NORMALIZATION = {0: 1, 1: 0, 2: 0, 3: 0, 4: 0}
_RECURRENT = {0: -1, 1: 1, 2: 1, 3: 1, 5: -1, 6: -1, 7: 1}
_LAST = {0: -1, 1: -1, 2: -1, 3: -1}
_CHANNELS: dict[str, tuple[_Axes, _Axes]] = {
    # Data is N, C, spatial axes; filters are M, C / group, spatial axes.
    "Conv": ({0: 1, 1: 0, 2: 0}, _DATA),
    "ConvInteger": ({0: 1, 1: 0, 3: 0}, _DATA),
    "ConvTranspose": ({0: 1, 1: 1, 2: 0}, _DATA),
    "DeformConv": ({0: 1, 1: 0, 3: 0}, _DATA),
    "FusedConv": ({0: 1, 1: 0, 2: 0, 3: 1}, _DATA),
    "QLinearConv": ({0: 1, 3: 0, 4: 0, 5: 0, 8: 0}, _DATA),
    **dict.fromkeys(
        ["BatchNormalization", "GroupNormalization", "InstanceNormalization"],
        (_NORMALIZATION, _DATA),
    ),
    **dict.fromkeys(
        [
            "AveragePool",
            "DepthToSpace",
            "GlobalAveragePool",
            "GlobalLpPool",
            "GlobalMaxPool",
            "LRN",
            "LpPool",
            "QLinearAveragePool",
            "QLinearGlobalAveragePool",
            "SpaceToDepth",
        ],
        (_DATA, _DATA),
    ),
    "MaxPool": (_DATA, {0: 1, 1: 1}),
    "MaxUnpool": ({0: 1, 1: 1}, _DATA),
    # Y is T, D, N, H; Y_h and Y_c are D, N, H; weights are D, gates H, …
    **dict.fromkeys(["GRU", "LSTM", "RNN"], (_RECURRENT, _LAST)),
    "DynamicQuantizeLSTM": ({**_RECURRENT, 1: 2, 2: 2}, _LAST),
    # A contrib operator that holds its weight as N, blocks, bytes.
    "MatMulNBits": ({0: -1, 1: 0, 2: 0, 3: 0, 5: 0}, _LAST),
}
# Positions of A, B and C (if there is one) in A @ B + C; then of B's scale and zero point.
_PRODUCTS: dict[str, tuple[int, ...]] = {
    "DynamicQuantizeMatMul": (0, 1, 4, 2, 3),
    "FusedGemm": (0, 1, 2),
    "FusedMatMul": (0, 1),
    "Gemm": (0, 1, 2),
    "MatMul": (0, 1),
    "MatMulInteger": (0, 1, 3),
    "MatMulIntegerToFloat": (0, 1, 6, 3, 5),
    "QGemm": (0, 3, 6, 4, 5),
    "QLinearMatMul": (0, 3, 4, 5),
}
# Rank 4 is N, heads, T, …; below that the features come last.
_ATTENTION = frozenset({"Attention", "GroupQueryAttention", "MultiHeadAttention", "QAttention"})
# They normalise features, which come last unless a neighbour determines otherwise.
_LAYER_NORMALIZATION = frozenset(
    [
        "LayerNormalization",
        "RMSNormalization",
        "SimplifiedLayerNormalization",
        "SkipLayerNormalization",
        "SkipSimplifiedLayerNormalization",
    ]
)
_KNOWN_DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})

_Fact = tuple[ir.Value, int]
_Neighbours = Mapping[ir.Value, Sequence[tuple[ir.Value, Mapping[int, int]]]]


def channel_axes(graph: ir.Graph) -> Mapping[str, int]:
    """Return the channel axes of tensors by name, as far as they can be inferred.

    The tensors are inputs, weights and activations. The axes that an operator fixes for its results
    and weights take precedence over those that it fixes for the data it reads.
    """
    constants = constant_values(graph)
    results, data, features = list[_Fact](), list[_Fact](), list[_Fact]()
    neighbours = defaultdict[ir.Value, list[tuple[ir.Value, Mapping[int, int]]]](list)
    for node in graph:
        if node.domain not in _KNOWN_DOMAINS:
            continue
        for value, axis in _fixed_by(node, constants):
            sure = value in constants or value.producer() is node
            (results if sure else data).append((value, axis))
        if node.op_type in _LAYER_NORMALIZATION:
            features += _facts(node.outputs, {0: -1})
        for link in axis_links(node):
            neighbours[link.source].append((link.result, link.forward))
            neighbours[link.result].append((link.source, link.backward))
    axes: dict[ir.Value, int] = {}
    for facts in (results, data, features):
        _spread(facts, neighbours, axes)
    return {value.name: axis for value, axis in axes.items() if value.name}


def _spread(facts: Iterable[_Fact], neighbours: _Neighbours, axes: dict[ir.Value, int]) -> None:
    """Add the facts and their consequences to the axes; the nearest fact wins."""
    queue = deque(facts)
    while queue:
        value, axis = queue.popleft()
        if value in axes:
            continue
        axes[value] = axis
        for other, corresponding in neighbours.get(value, ()):
            if axis in corresponding:
                queue.append((other, corresponding[axis]))


def _fixed_by(node: ir.Node, constants: Collection[ir.Value]) -> Iterator[_Fact]:
    """Yield the channel axes that an operator fixes for its inputs and outputs."""
    if node.op_type in _CHANNELS:
        inputs, outputs = _CHANNELS[node.op_type]
        if _integer(node, "channels_last"):
            inputs, outputs = {**inputs, 0: -1}, {0: -1}
        yield from _facts(node.inputs, inputs)
        yield from _facts(node.outputs, outputs)
    elif node.op_type in _PRODUCTS:
        yield from _fixed_by_product(node, constants)
    elif node.op_type in _ATTENTION:
        for value in (*node.inputs[:3], *node.outputs):
            if value is not None:
                yield from _facts([value], {0: 1 if rank_of(value) == 4 else -1})
    elif node.op_type in _LAYER_NORMALIZATION:
        for value in node.inputs:
            if value in constants:
                yield from _facts([value], {0: -1})


def _fixed_by_product(node: ir.Node, constants: Collection[ir.Value]) -> Iterator[_Fact]:
    left, right, *others = _PRODUCTS[node.op_type]
    rows, columns = -2, -1
    left_columns = rows if _integer(node, "transA") else columns
    right_columns = rows if _integer(node, "transB") else columns
    rank = rank_of(node.outputs[0])
    if node.inputs[right] in constants:
        yield from _facts(node.outputs, {0: columns})
        yield from _facts(node.inputs, {left: left_columns, right: right_columns})
        yield from _facts(node.inputs, dict.fromkeys(others, columns))
    elif node.inputs[left] in constants:
        # The weights are on the left, so each row of the result is a feature.
        yield from _facts(node.outputs, {0: rows})
        yield from _facts(node.inputs, {left: -3 - left_columns, right: -3 - right_columns})
    elif rank is not None and rank >= 4:
        yield from _facts(node.outputs, {0: -3})  # N, heads, T, …: a matrix for each head
    else:
        yield from _facts(node.outputs, {0: columns})


def _facts(values: Sequence[ir.Value | None], axes: _Axes) -> Iterator[_Fact]:
    for position, axis in axes.items():
        value = values[position] if position < len(values) else None
        if value is None:
            continue
        rank = rank_of(value)
        if rank is not None and -rank <= axis < rank:
            yield value, axis % rank
        elif rank is None and axis >= 0:
            yield value, axis


def _integer(node: ir.Node, name: str) -> int:
    attribute = node.attributes.get(name)
    return 0 if attribute is None else attribute.as_int()
