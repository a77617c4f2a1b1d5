"""MultiHeadAttention and GroupedQueryAttention on sequences: (batch, time, features).

Its parts are layers of their own in the layer map: ``<layer>/query``, ``/key`` and ``/value``
(batch, time, heads, size), ``/softmax`` with the attention scores (batch, heads, time of the query,
time of the value), and ``/attention_output``.
"""

import math
from dataclasses import replace

import numpy as np
from onnx import TensorProto

from onnxfi.converters.graph_builder import GraphBuilder, Tensor
from onnxfi.converters.layer_call import LayerCall, LayerResult
from onnxfi.converters.operands import FLOATS
from onnxfi.converters.sequences import indices

# Numbers of the parts in `keras_wrappers`.
_QUERY, _KEY, _VALUE, _SOFTMAX, _OUTPUT = range(5)

# What Keras 3 puts in place of a score that is left out where it fuses the computation.
_FUSED_MASKED = -0.7 * float(np.finfo(np.float32).max)


def translate_attention(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate multi-head attention, with masks, and with its scores as an output of its own."""
    options = call.options
    for option in ("use_gate", "softmax_robust_masking"):
        if options.get(option):
            raise options.unsupported(f"has {option}={options.get(option)!r}")
    options.flag("use_bias", True)  # the layers inside were made with it
    dropout = options.number("dropout", 0.0)
    query, value, key = _sequences(call)
    axes = options.get("attention_axes", 1)
    if axes not in (1, [1], [-2]):
        raise options.unsupported(f"attends along the axes {axes}")
    mask = _attention_mask(call, query, value, key, graph)
    with_scores = call.asks("return_attention_scores")
    # Without scores to return, and without dropout, Keras 3 uses another formula for masked scores.
    fused = options.keras_major == 3 and not with_scores and not dropout

    (queries,) = call.run_inner(_QUERY, [query])
    (keys,) = call.run_inner(_KEY, [key])
    (values,) = call.run_inner(_VALUE, [value])
    keys, values = (_for_each_query(call, x, queries, graph) for x in (keys, values))
    scale = graph.numbers("scale", 1 / math.sqrt(call.features(queries)))
    left = queries.name if fused else graph.operator("Mul", [queries.name, scale])
    left = graph.operator("Transpose", [left], perm=[0, 2, 1, 3])
    right = graph.operator("Transpose", [keys.name], perm=[0, 2, 3, 1])
    products = graph.operator("MatMul", [left, right])
    if fused:
        products = graph.operator("Mul", [products, scale])
    if fused and mask is not None:
        large = graph.numbers("masked", _FUSED_MASKED)
        products = graph.operator("Where", [mask.name, products, large])
    shape = (None, queries.shape[2], query.shape[1], value.shape[1])
    logits = Tensor(products, shape, channels=None)
    (scores,) = call.run_inner(_SOFTMAX, [logits], None if fused else mask)
    right = graph.operator("Transpose", [values.name], perm=[0, 2, 1, 3])
    name = graph.operator("MatMul", [scores.name, right])
    name = graph.operator("Transpose", [name], perm=[0, 2, 1, 3])
    heads = Tensor(name, (None, query.shape[1], *values.shape[2:]))
    (output,) = call.run_inner(_OUTPUT, [heads])
    others = (scores,) if with_scores else ()
    return LayerResult(output, others=others, masks=(call.mask_of(query),))


def causal_mask(query: str, value: str, graph: GraphBuilder) -> str:
    """Return which time steps of a value each step of a query may see: those up to its own.

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
    """Return which time steps of a value are nearer than `size` to each step of a query."""
    rows = graph.operator("Unsqueeze", [indices(query, 1, graph), graph.integers("axes", [0, 2])])
    distance = graph.operator("Abs", [graph.operator("Sub", [rows, indices(value, 1, graph)])])
    return graph.operator("Less", [distance, graph.integers("window", size)])


def _for_each_query(
    call: LayerCall, tensor: Tensor, queries: Tensor, graph: GraphBuilder
) -> Tensor:
    """Return keys or values with as many heads as the queries have: each head comes repeatedly."""
    heads, query_heads = tensor.shape[2] or 1, queries.shape[2] or 1
    if heads == query_heads:
        return tensor
    if query_heads % heads:
        raise call.options.wrong("num_key_value_heads", heads, f"a divisor of {query_heads}")
    order = graph.integers("heads", np.repeat(np.arange(heads), query_heads // heads))
    name = graph.operator("Gather", [tensor.name, order], axis=2)
    return replace(tensor, name=name, shape=queries.shape)


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
        if tensor.rank != 3 or tensor.dtype not in FLOATS:
            raise call.options.unsupported(f"gets a {tensor.dtype} tensor of rank {tensor.rank}")
    return query, value, key


def _attention_mask(
    call: LayerCall, query: Tensor, value: Tensor, key: Tensor, graph: GraphBuilder
) -> Tensor | None:
    """Return which scores count: bool, broadcast to (batch, heads, time, time)."""
    carriers = [(query, 2), (value, 1)]
    if key.name != value.name:
        carriers.append((key, 1))
    parts = []
    for tensor, axis in carriers:
        mask = call.mask_of(tensor)
        if mask is not None and mask.rank != 2:
            raise call.options.unsupported(f"gets a mask of the shape {mask.shape}")
        if mask is not None:
            parts.append(graph.operator("Unsqueeze", [mask.name, graph.integers("axes", [axis])]))
    if call.asks("use_causal_mask"):
        parts.append(causal_mask(query.name, value.name, graph))
    if call.options.get("sliding_window") is not None:
        window = call.options.size("sliding_window")
        parts.append(_window_mask(query.name, value.name, window, graph))
    if "attention_mask" in call.keywords:
        parts.append(_given_mask(call, graph))
    if not parts:
        return None
    name, *others = parts
    for other in others:
        name = graph.operator("And", [name, other])
    name = graph.operator("Unsqueeze", [name, graph.integers("axes", [1])])
    return Tensor(name, (None, 1, query.shape[1], value.shape[1]), dtype="bool")


def _given_mask(call: LayerCall, graph: GraphBuilder) -> str:
    """Return the argument attention_mask: (batch, time, time), or without the batch."""
    mask = call.keywords["attention_mask"]
    if not isinstance(mask, Tensor) or mask.rank not in (2, 3) or mask.dtype in FLOATS:
        raise call.options.unsupported("gets an attention_mask that is no mask of rank 2 or 3")
    name = graph.channels_last(mask).name
    if mask.dtype != "bool":
        name = graph.operator("Cast", [name], to=TensorProto.BOOL)
    if mask.rank == 2:
        name = graph.operator("Unsqueeze", [name, graph.integers("axes", [0])])
    return name
