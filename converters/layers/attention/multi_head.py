"""Translates MultiHeadAttention and GroupedQueryAttention on (batch, time, features) or more axes.

Their parts are layers of their own in the layer map: ``<layer>/query``, ``/key`` and ``/value``
(batch, time, heads, size), ``/softmax`` with the attention scores (batch, heads, time of the query,
time of the value), and ``/attention_output``. Several axes of attention are one in the scores.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from onnx import TensorProto

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.layers.attention.axes import AttentionAxes
from onnxfi.converters.options.known import KNOWN_SHAPE, SAME_NUMBERS, SEED, layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule
from onnxfi.converters.translation.operands import FLOATS
from onnxfi.converters.translation.sequences import indices
from onnxfi.converters.translation.tensor import Tensor

# The number that Keras 3 puts in place of a left-out score in its fused computation.
_FUSED_LEFT_OUT = -0.7 * float(np.finfo(np.float32).max)


def translate_attention(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate multi-head attention, with masks, and with its scores as an optional output."""
    options = call.options
    options.flag("use_bias", True)  # the layers inside were made with it
    query, value, key = _sequences(call)
    axes = _attention_axes(call, query.rank)
    mask = _attention_mask(call, (query, value, key), axes, graph)
    with_scores = call.asks("return_attention_scores")
    # Keras 3 has another formula for left-out scores if it returns none and has no dropout.
    dropout = options.number("dropout", 0.0)
    fused = options.keras_major == 3 and not with_scores and not dropout and query.rank == 3
    gated = options.flag("use_gate", False)
    parts = ("query", "key", *(("gate",) if gated else ()), "value", "softmax", "output")

    def run(part: str, tensor: Tensor, mask: Tensor | None = None) -> Tensor:
        return call.run_inner(parts.index(part), [tensor], mask)[0]

    queries, keys = run("query", query), run("key", key)
    gate = run("gate", query) if gated else None
    values = run("value", value)
    keys, values = (_for_each_query(call, x, queries, graph) for x in (keys, values))
    scale = graph.numbers("scale", 1 / math.sqrt(call.features(queries)))
    left = queries if fused else graph.apply("Mul", queries, scale)
    places = AttentionAxes(call, axes, queries.rank)
    products = graph.operator(
        "MatMul", [places.rows(left, graph), places.rows(keys, graph, turned=True)]
    )
    if fused:
        products = graph.operator("Mul", [products, scale])
    if fused and mask is not None:
        large = graph.numbers("masked", _FUSED_LEFT_OUT)
        products = graph.operator("Where", [mask.name, products, large])
    logits = Tensor(products, places.score_shape(queries, keys), channels=None)
    scores = run("softmax", logits, None if fused else mask)
    name = graph.operator("MatMul", [scores.name, places.rows(values, graph)])
    heads = places.back(name, queries, values, graph)
    if gate is not None:
        heads = graph.apply("Mul", heads, gate.name)
    output = run("output", heads)
    others = (places.apart(scores, queries, keys, graph),) if with_scores else ()
    return LayerResult(output, others=others, masks=(call.mask_of(query),))


def _attention_axes(call: LayerCall, rank: int) -> list[int]:
    """Return the axes of attention; by default all axes except the first and last."""
    value = call.options.get("attention_axes")
    if value is None:
        return list(range(1, rank - 1))
    given = value if isinstance(value, list) else [value]
    # Keras 2 counts negative axes with one more for the heads.
    counted = rank if call.options.keras_major == 3 else rank + 1
    axes = [x + counted if x < 0 else x for x in given if is_whole(x)]
    free = set(range(1, rank - 1))
    if not axes or len(axes) < len(given) or len(set(axes) & free) < len(given):
        raise call.options.unsupported(f"attends along the axes {value} of rank {rank}")
    return axes


def causal_mask(query: str, value: str, graph: GraphBuilder) -> str:
    """Return the causal mask: each step of a query sees the steps of a value up to its own.

    Args:
        query: (batch, time, …).
        value: (batch, time, …).
        graph: the graph that grows.

    Returns:
        bool, (1, time of the query, time of the value).
    """
    rows = graph.operator("Unsqueeze", [indices(query, 1, graph), graph.integers("axes", [0, 2])])
    return graph.operator("GreaterOrEqual", [rows, indices(value, 1, graph)])


def _window_mask(query: str, value: str, size: int, graph: GraphBuilder) -> str:
    """Return the mask of the steps of a value that are nearer than `size` to each query step."""
    rows = graph.operator("Unsqueeze", [indices(query, 1, graph), graph.integers("axes", [0, 2])])
    distance = graph.operator("Abs", [graph.operator("Sub", [rows, indices(value, 1, graph)])])
    return graph.operator("Less", [distance, graph.integers("window", size)])


def _for_each_query(
    call: LayerCall, tensor: Tensor, queries: Tensor, graph: GraphBuilder
) -> Tensor:
    """Return keys or values with the number of heads of the queries, by repeating heads."""
    heads, query_heads = tensor.shape[-2] or 1, queries.shape[-2] or 1
    if heads == query_heads:
        return tensor
    if query_heads % heads:
        raise call.options.wrong("num_key_value_heads", heads, f"a divisor of {query_heads}")
    order = graph.integers("heads", np.repeat(np.arange(heads), query_heads // heads))
    name = graph.operator("Gather", [tensor.name, order], axis=tensor.rank - 2)
    shape = (*tensor.shape[:-2], query_heads, tensor.shape[-1])
    return replace(tensor, name=name, shape=shape)


def _sequences(call: LayerCall) -> tuple[Tensor, Tensor, Tensor]:
    """Return query, value and key."""
    given = dict(zip(("query", "value", "key"), call.inputs, strict=False))
    for role in ("query", "value", "key"):
        if isinstance(call.keywords.get(role), Tensor):
            given[role] = call.keywords[role]
    if len(call.inputs) > 3 or not {"query", "value"} <= set(given):
        raise call.wrong_inputs(f"a query, a value and maybe a key, got {len(given)} tensors")
    query, value = given["query"], given["value"]
    key = given.get("key", value)
    for tensor in (query, value, key):
        if tensor.rank != query.rank or tensor.rank < 3 or tensor.dtype not in FLOATS:
            raise call.options.unsupported(f"gets a {tensor.dtype} tensor of rank {tensor.rank}")
    return query, value, key


def _attention_mask(
    call: LayerCall, sequences: tuple[Tensor, Tensor, Tensor], axes: list[int], graph: GraphBuilder
) -> Tensor | None:
    """Return the mask of the scores: bool, broadcast to them, with one axis of attention each."""
    query, value, key = sequences
    carriers = [(query, 2), (value, 1)]
    if key.name != value.name:
        carriers.append((key, 1))
    parts = []
    for tensor, axis in carriers:
        mask = call.mask_of(tensor)
        if mask is not None and (mask.rank != 2 or query.rank != 3):
            raise call.options.unsupported(f"gets a mask of the shape {mask.shape}")
        if mask is not None:
            parts.append(graph.operator("Unsqueeze", [mask.name, graph.integers("axes", [axis])]))
    if call.asks("use_causal_mask"):
        parts.append(causal_mask(query.name, value.name, graph))
    if call.options.get("sliding_window") is not None:
        window = call.options.size("sliding_window")
        parts.append(_window_mask(query.name, value.name, window, graph))
    if parts and axes != [1]:
        raise call.options.unsupported(f"masks time steps, and attends along the axes {axes}")
    rank, count = 3, 2 * len(axes)
    if "attention_mask" in call.keywords:
        given = _given_mask(call, query.rank + len(axes), count)
        rank = given.rank
        if parts and rank > 3:
            raise call.options.unsupported(f"joins a mask of the shape {given.shape} with others")
        parts.append(_as_truth(given, graph))
        rank = max(rank, 3) if len(parts) > 1 else rank
    if not parts:
        return None
    name, *others = parts
    for other in others:
        name = graph.operator("And", [name, other])
    # Each head, and each axis without attention, has the same mask.
    missing = query.rank + len(axes) - rank
    if missing:
        new = range(rank - count, rank - count + missing)
        name = graph.operator("Unsqueeze", [name, graph.integers("axes", new)])
    if count > 2:
        sizes = [value.shape[axis] for axis in axes]
        inner = [[tensor.shape[axis] or 0 for axis in axes] for tensor in (query, value)]
        if None in sizes or list(given.shape[-count:]) != [x for part in inner for x in part]:
            raise call.options.unsupported(f"gets an attention_mask of the shape {given.shape}")
        kept = [0] * (query.rank - len(axes))
        target = graph.integers("shape", [*kept, *map(math.prod, inner)])
        name = graph.operator("Reshape", [name, target])
    shape = (None,) * (query.rank - len(axes) + 2)
    return Tensor(name, shape, dtype="bool")


def _given_mask(call: LayerCall, most: int, least: int) -> Tensor:
    """Return the argument attention_mask, which has the last axes of the scores."""
    mask = call.keywords["attention_mask"]
    if not isinstance(mask, Tensor) or not least <= mask.rank <= most or mask.dtype in FLOATS:
        raise call.options.unsupported(
            f"gets an attention_mask that is no mask of rank {least} to {most}"
        )
    return mask


def _as_truth(mask: Tensor, graph: GraphBuilder) -> str:
    name = graph.channels_last(mask).name
    return name if mask.dtype == "bool" else graph.operator("Cast", [name], to=TensorProto.BOOL)


_IDLE = {
    "flash_attention": SAME_NUMBERS,
    "key_shape": KNOWN_SHAPE,
    "query_shape": KNOWN_SHAPE,
    "seed": SEED,
    "value_shape": KNOWN_SHAPE,
}
_ARGUMENTS = (
    *("query", "value", "key", "attention_mask"),
    *("return_attention_scores", "use_causal_mask"),
)

LAYERS: Mapping[str, LayerKind] = {
    "GroupedQueryAttention": LayerKind(
        translate=translate_attention,
        options=layer_options(
            *("head_dim", "num_query_heads", "num_key_value_heads", "use_bias", "dropout"),
            *("sliding_window", "use_gate"),
            idle=_IDLE,
        ),
        arguments=_ARGUMENTS,
        any_type=True,
        mask=MaskRule.PASSED,
    ),
    "MultiHeadAttention": LayerKind(
        translate=translate_attention,
        options=layer_options(
            *("num_heads", "key_dim", "value_dim", "use_bias", "output_shape", "attention_axes"),
            *("dropout", "sliding_window", "use_gate"),
            fixed={"softmax_robust_masking": False},
            idle=_IDLE,
        ),
        arguments=_ARGUMENTS,
        any_type=True,
        mask=MaskRule.TAKEN,
        mask_in_keras_2=MaskRule.LOST,
    ),
}
"""The layers of this module, by class."""
