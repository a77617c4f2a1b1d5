"""Translates Attention and AdditiveAttention on [query, value] or [query, value, key] of rank 3.

The formulas follow ``_calculate_scores`` and ``_apply_scores`` of the layers of Keras.
"""

from collections.abc import Mapping
from dataclasses import replace

from onnxfi.converters.layers.attention.multi_head import causal_mask
from onnxfi.converters.options.known import IN_TRAINING, SEED, layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind
from onnxfi.converters.translation.tensor import Tensor

_LEFT_OUT = -1e9  # the number that Keras adds to a left-out score


def dense_attention_weights(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of an attention layer: a scale, and a factor in the mode ``concat``."""
    roles = []
    if options.flag("use_scale", options.layer_class == "AdditiveAttention"):
        roles.append(WeightRole("scale"))
    if options.get("score_mode") == "concat":
        roles.append(WeightRole("concat_score_weight"))
    return tuple(roles)


def translate_dense_attention(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Attention and AdditiveAttention; the scores may be a second output."""
    if len(call.inputs) not in (2, 3) or any(tensor.rank != 3 for tensor in call.inputs):
        shapes = [tensor.shape for tensor in call.inputs]
        raise call.wrong_inputs(f"two or three tensors of rank 3, got the shapes {shapes}")
    query, value = (graph.channels_last(tensor) for tensor in call.inputs[:2])
    key = graph.channels_last(call.inputs[-1])
    if call.options.layer_class == "AdditiveAttention":
        scores = _additive_scores(call, query, key, graph)
    elif call.options.choice("score_mode", "dot", "dot", "concat") == "dot":
        scores = _dot_scores(call, query, key, graph)
    else:
        scores = _concatenated_scores(call, query, key, graph)
    kept = _without_left_out(call, scores, query, value, graph)
    shares = graph.operator("Softmax", [kept], axis=-1)
    output = graph.operator("MatMul", [shares, value.name])
    query_mask = call.mask_of(call.inputs[0])
    if query_mask is not None:
        output = _zero_unless(call, query_mask, output, graph)
    others = []
    if call.asks("return_attention_scores"):
        # A copy, so that a fault in the returned scores does not affect the layer's output.
        copy = graph.operator("Identity", [shares])
        others.append(Tensor(copy, (None, query.shape[1], value.shape[1]), channels=None))
    tensor = replace(value, name=output, shape=(None, query.shape[1], value.shape[2]))
    return LayerResult(tensor, others=tuple(others), masks=(query_mask,))


def _dot_scores(call: LayerCall, query: Tensor, key: Tensor, graph: GraphBuilder) -> str:
    """Return the product of each query with each key, times the scale."""
    keys = graph.operator("Transpose", [key.name], perm=[0, 2, 1])
    scores = graph.operator("MatMul", [query.name, keys])
    if "scale" in call.weights:
        scores = graph.operator("Mul", [scores, _weight(call, "scale", (), graph)])
    return scores


def _concatenated_scores(call: LayerCall, query: Tensor, key: Tensor, graph: GraphBuilder) -> str:
    """Return factor * sum(tanh(scale * (query + key)))."""
    sums = _sums(query, key, graph)
    if "scale" in call.weights:
        sums = graph.operator("Mul", [_weight(call, "scale", (), graph), sums])
    scores = _over_features(graph.operator("Tanh", [sums]), graph)
    factor = _weight(call, "concat_score_weight", (), graph)
    return graph.operator("Mul", [factor, scores])


def _additive_scores(call: LayerCall, query: Tensor, key: Tensor, graph: GraphBuilder) -> str:
    """Return sum(scale * tanh(query + key))."""
    values = graph.operator("Tanh", [_sums(query, key, graph)])
    if "scale" in call.weights:
        scale = _weight(call, "scale", (call.features(query),), graph)
        values = graph.operator("Mul", [scale, values])
    return _over_features(values, graph)


def _sums(query: Tensor, key: Tensor, graph: GraphBuilder) -> str:
    """Return query + key: (batch, time of the query, time of the key, features)."""
    queries = graph.operator("Unsqueeze", [query.name, graph.integers("axes", [2])])
    keys = graph.operator("Unsqueeze", [key.name, graph.integers("axes", [1])])
    return graph.operator("Add", [queries, keys])


def _over_features(values: str, graph: GraphBuilder) -> str:
    return graph.operator("ReduceSum", [values, graph.integers("axes", [-1])], keepdims=0)


def _weight(call: LayerCall, role: str, shape: tuple[int, ...], graph: GraphBuilder) -> str:
    return graph.weight(call.weights_path, role, call.weight(role, shape))


def _without_left_out(
    call: LayerCall, scores: str, query: Tensor, value: Tensor, graph: GraphBuilder
) -> str:
    """Return the scores, with a large negative number added to left-out ones."""
    parts = []
    mask = call.mask_of(call.inputs[1])
    if mask is not None:
        parts.append(graph.operator("Unsqueeze", [mask.name, graph.integers("axes", [1])]))
    if call.asks("use_causal_mask") or call.options.flag("causal", False):
        parts.append(causal_mask(query.name, value.name, graph))
    if not parts:
        return scores
    kept = parts[0] if len(parts) == 1 else graph.operator("And", parts)
    zero, large = graph.numbers("zero", 0), graph.numbers("masked", _LEFT_OUT)
    return graph.operator("Add", [scores, graph.operator("Where", [kept, zero, large])])


def _zero_unless(call: LayerCall, mask: Tensor, output: str, graph: GraphBuilder) -> str:
    """Return the output, with zeros where the Keras mask of the query is false."""
    kept = graph.operator("Unsqueeze", [mask.name, graph.integers("axes", [2])])
    if call.options.keras_major == 2:
        factor = graph.operator("Cast", [kept], to=graph.float_element)
        return graph.operator("Mul", [output, factor])
    return graph.operator("Where", [kept, output, graph.numbers("zero", 0)])


_IDLE = {"dropout": IN_TRAINING, "seed": SEED}
_ARGUMENTS = ("return_attention_scores", "use_causal_mask")

LAYERS: Mapping[str, LayerKind] = {
    "AdditiveAttention": LayerKind(
        translate=translate_dense_attention,
        options=layer_options("use_scale", "causal", idle=_IDLE),
        weights=dense_attention_weights,
        arguments=_ARGUMENTS,
    ),
    "Attention": LayerKind(
        translate=translate_dense_attention,
        options=layer_options("use_scale", "score_mode", "causal", idle=_IDLE),
        weights=dense_attention_weights,
        arguments=_ARGUMENTS,
    ),
}
"""The layers of this module, by class."""
