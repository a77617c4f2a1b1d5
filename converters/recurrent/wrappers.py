"""Translates wrappers: Bidirectional, TimeDistributed and SpectralNormalization.

The inner layers are layers of their own in the layer map: ``<wrapper>/forward_<name>``,
``<wrapper>/backward_<name>``, and ``<wrapper>/<name>`` under TimeDistributed, whose tensor has the
time steps of all sequences as its batch.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from onnxfi.converters.options.known import STATISTICS, layer_options
from onnxfi.converters.recurrent.convolutional import CONVOLUTIONAL
from onnxfi.converters.recurrent.layer import recurrent_arguments
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options, WeightRole
from onnxfi.converters.translation.layer_kind import LayerKind
from onnxfi.converters.translation.sequences import any_true, reverse_time, sizes
from onnxfi.converters.translation.tensor import Tensor

_MERGING = {"ave": "Mean", "concat": "Concat", "mul": "Mul", "sum": "Add"}


def translate_bidirectional(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Bidirectional: a layer that runs forward and one that runs backward, merged."""
    inner = _wrapped(call.options)
    rank = 3
    if inner.layer_class in CONVOLUTIONAL:
        rank += CONVOLUTIONAL[inner.layer_class]
    arguments = recurrent_arguments(call, rank=rank)
    half = len(arguments.states) // 2
    forward, *forward_states = call.run_inner(
        0, [arguments.sequence, *arguments.states[:half]], arguments.mask
    )
    backward, *backward_states = call.run_inner(
        1, [arguments.sequence, *arguments.states[half:]], arguments.mask
    )
    states = (*forward_states, *backward_states)
    passed: Tensor | None = None
    if inner.flag("return_sequences", False):
        backward = graph.channels_last(backward)
        backward = replace(backward, name=reverse_time(backward.name, graph))
        passed = call.mask_of(arguments.sequence)
    if call.options.values.get("merge_mode", "concat") is None:
        return LayerResult(forward, others=(backward, *states), masks=(passed, passed))
    mode = call.options.choice("merge_mode", "concat", *_MERGING)
    forward, backward = graph.same_layout([forward, backward])
    size = call.features(forward)
    attributes: dict[str, int] = {}
    if mode == "concat":  # along the last axis, in either data format
        size += call.features(backward)
        attributes["axis"] = forward.stored_axis(-1)
    name = graph.operator(_MERGING[mode], [forward.name, backward.name], **attributes)
    merged = replace(forward, name=name, shape=(*forward.shape[:-1], size))
    return LayerResult(merged, others=states, masks=(passed,))


def _wrapped(options: Options) -> Options:
    """Return the options of the layer that a Bidirectional runs in both directions."""
    layer = options.get("layer")
    return Options(options.path, layer["class_name"], layer["config"], options.keras_major)


def translate_time_distributed(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate TimeDistributed: the inner layer gets the steps of all sequences as its batch."""
    sequence = call.input
    if sequence.rank < 3:
        raise call.wrong_inputs(f"a sequence of tensors, got shape {sequence.shape}")
    if _is_stateful(call.options.get("layer")):
        raise call.options.unsupported("wraps a stateful layer")
    mask = call.mask_of(sequence)
    steps = _as_batch(graph.channels_last(sequence), graph)
    outputs = call.run_inner(0, [steps], None if mask is None else _as_batch(mask, graph))
    first, *others = (
        _as_sequence(graph.channels_last(output), sequence, graph) for output in outputs
    )
    if call.options.keras_major == 2:
        inner = call.mask_of(outputs[0])
        if inner is not None:
            mask = _as_sequence(inner, sequence, graph)
        while mask is not None and inner is None and mask.rank > 2:
            name = any_true(mask.name, -1, graph, keepdims=False)
            mask = replace(mask, name=name, shape=mask.shape[:-1])
    return LayerResult(first, others=tuple(others), masks=(mask,))


def spectral_normalization_weights(_options: Options) -> tuple[WeightRole, ...]:
    """Return the own weights of SpectralNormalization, which only training needs."""
    return (WeightRole("vector_u", trainable=False),)


def translate_spectral_normalization(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate SpectralNormalization: at inference, the inner layer unchanged."""
    (output,) = call.run_inner(0, call.inputs)
    return LayerResult(graph.apply("Identity", output))


def _is_stateful(config: Any) -> bool:
    """Return whether a layer, or one inside it, keeps its state from one step to the next."""
    if isinstance(config, dict):
        return bool(config.get("stateful")) or any(map(_is_stateful, config.values()))
    return isinstance(config, list) and any(map(_is_stateful, config))


def _as_batch(sequence: Tensor, graph: GraphBuilder) -> Tensor:
    """Return (batch, time, …) as (batch * time, …)."""
    shape = sequence.shape[2:]
    known = [size for size in shape if size is not None]
    if len(known) == len(shape):
        target = graph.integers("shape", [-1, *known])
    else:
        rest = sizes(sequence.name, 2, sequence.rank, graph)
        target = graph.operator("Concat", [graph.integers("batch", [-1]), rest], axis=0)
    name = graph.operator("Reshape", [sequence.name, target])
    return replace(sequence, name=name, shape=(None, *shape))


def _as_sequence(steps: Tensor, sequence: Tensor, graph: GraphBuilder) -> Tensor:
    """Return (batch * time, …) as (batch, time, …), with batch and time of a sequence."""
    shape = (sequence.shape[1], *steps.shape[1:])
    known = [size for size in shape if size is not None]
    if len(known) == len(shape):
        target = graph.integers("shape", [-1, *known])
    else:
        first = sizes(graph.channels_last(sequence).name, 0, 2, graph)
        rest = sizes(steps.name, 1, steps.rank, graph)
        target = graph.operator("Concat", [first, rest], axis=0)
    name = graph.operator("Reshape", [steps.name, target])
    return replace(steps, name=name, shape=(None, *shape))


LAYERS: Mapping[str, LayerKind] = {
    "Bidirectional": LayerKind(
        translate=translate_bidirectional,
        options=layer_options("layer", "backward_layer", "merge_mode"),
        arguments=("initial_state",),
    ),
    "SpectralNormalization": LayerKind(
        translate=translate_spectral_normalization,
        options=layer_options("layer", idle={"power_iterations": STATISTICS}),
        weights=spectral_normalization_weights,
    ),
    "TimeDistributed": LayerKind(
        translate=translate_time_distributed, options=layer_options("layer"), any_type=True
    ),
}
"""The layers of this module, by class."""
