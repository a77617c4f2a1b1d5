"""Translates Dense, layers that only change shapes, and layers that act in training only."""

import math
from collections.abc import Mapping
from dataclasses import replace

from onnxfi.converters.keras_files.values import is_whole
from onnxfi.converters.layers.activation import activate
from onnxfi.converters.options.known import (
    IDLE_ENDINGS,
    IN_TRAINING,
    SEED,
    KnownOptions,
    layer_options,
)
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Translation
from onnxfi.converters.translation.layer_kind import LayerKind, MaskRule, over_axes, rows
from onnxfi.converters.translation.tensor import Tensor
from onnxfi.converters.translation.weight_roles import kernel_and_bias


def translate_dense(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Dense: Gemm on rank 2, otherwise MatMul and Add over the last axis."""
    options = call.options
    units = options.size("units")
    tensor = graph.channels_last(call.input)
    path = call.weights_path
    parameters = [graph.weight(path, "kernel", call.weight("kernel", (call.channels(), units)))]
    if "bias" in call.weights:
        parameters.append(graph.weight(path, "bias", call.weight("bias", (units,))))
    if tensor.rank == 2:
        name = graph.operator("Gemm", [tensor.name, *parameters])
    else:
        name = graph.operator("MatMul", [tensor.name, parameters[0]])
        if len(parameters) == 2:
            name = graph.operator("Add", [name, parameters[1]])
    return activate(options, Tensor(name, (*tensor.shape[:-1], units)), graph)


def translate_flatten(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Flatten: the elements in the order of Keras, the batch free."""
    tensor = graph.channels_last(call.input)
    name = graph.operator("Flatten", [tensor.name], axis=1)
    return LayerResult(Tensor(name, (None, _elements(tensor))))


def translate_reshape(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Reshape: the elements in the order of Keras, the batch free."""
    options = call.options
    target = options.get("target_shape")
    if not isinstance(target, list) or not all(is_whole(size) and size >= -1 for size in target):
        raise options.wrong("target_shape", target, "a list of whole numbers from -1 on")
    if target.count(-1) > 1:
        raise options.wrong("target_shape", target, "a list with one -1 at most")
    tensor = graph.channels_last(call.input)
    # 0 copies the size of the batch.
    name = graph.operator("Reshape", [tensor.name, graph.integers("shape", [0, *target])])
    known = math.prod(size for size in target if size != -1)
    elements = _elements(tensor)
    free = None if elements is None or not known else elements // known
    return LayerResult(Tensor(name, (None, *(free if size == -1 else size for size in target))))


def translate_permute(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Permute: the axes after the batch, counted from 1, in another order."""
    options = call.options
    tensor = graph.channels_last(call.input)
    order = options.get("dims")
    if (
        not isinstance(order, list)
        or not all(map(is_whole, order))
        or sorted(order) != list(range(1, tensor.rank))
    ):
        raise options.wrong("dims", order, f"the axes 1 to {tensor.rank - 1} in some order")
    return LayerResult(transposed(tensor, [0, *order], graph))


def transposed(tensor: Tensor, order: list[int], graph: GraphBuilder) -> Tensor:
    """Return a tensor in the layout of Keras with its axes in another order."""
    name = graph.operator("Transpose", [tensor.name], perm=order)
    channels = None if tensor.channels is None else order.index(tensor.channels % tensor.rank)
    shape = tuple(tensor.shape[axis] for axis in order)
    return replace(tensor, name=name, shape=shape, channels=channels)


def translate_repeat_vector(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate RepeatVector: (batch, features) as a sequence of n equal steps."""
    vector = call.first_input(rank=2)
    count = call.options.size("n")
    step = graph.operator("Unsqueeze", [vector.name, graph.integers("axes", [1])])
    name = graph.operator("Tile", [step, graph.integers("repeats", [1, count, 1])])
    return LayerResult(Tensor(name, (None, count, vector.shape[1])))


def translate_dropout(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate Dropout as a node that passes its input on."""
    return LayerResult(graph.apply("Dropout", call.input))


def translate_identity(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate the other layers that act in training only."""
    return LayerResult(graph.apply("Identity", call.input))


def translate_augmentation(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate layers that change images at random in training, and pass them on otherwise.

    Keras 3 writes the default ``training=True`` into their calls, but follows the argument of the
    model's call. In Keras 2 it would keep them random.
    """
    if call.options.keras_major == 2 and call.keywords:
        raise call.options.unsupported("is called with the argument training=True")
    return translate_identity(call, graph)


def _elements(tensor: Tensor) -> int | None:
    """Return the number of elements per batch element; None if it is unknown."""
    total = 1
    for size in tensor.shape[1:]:
        if size is None:
            return None
        total *= size
    return total


_DROPOUT_IDLE = {"rate": IN_TRAINING, "noise_shape": IN_TRAINING, "seed": SEED}
_AUGMENTATION_IDLE = dict.fromkeys(
    (
        *("data_format", "factor", "fill_mode", "fill_value", "height_factor", "interpolation"),
        *("mode", "rng_type", "seed", "value_range", "width_factor"),
    ),
    "changes images in training only",
)
_AUGMENTATIONS = (
    "RandomBrightness RandomContrast RandomFlip RandomRotation RandomTranslation RandomZoom"
)


def _in_training(options: KnownOptions, translate: Translation = translate_identity) -> LayerKind:
    """Return the row of a layer that acts in training only."""
    return LayerKind(
        translate=translate,
        options=options,
        mask=MaskRule.SHARED,
        mask_in_keras_2=MaskRule.PASSED,
    )


LAYERS: Mapping[str, LayerKind] = {
    "ActivityRegularization": _in_training(
        layer_options(idle=dict.fromkeys(("l1", "l2"), IDLE_ENDINGS["_regularizer"]))
    ),
    **rows("AlphaDropout GaussianDropout", _in_training(layer_options(idle=_DROPOUT_IDLE))),
    "Dense": LayerKind(
        translate=translate_dense,
        options=layer_options("units", "activation", "use_bias"),
        weights=kernel_and_bias,
        mask=MaskRule.PASSED,
    ),
    "Dropout": _in_training(layer_options(idle=_DROPOUT_IDLE), translate_dropout),
    "Flatten": LayerKind(translate=translate_flatten, options=layer_options("data_format")),
    "GaussianNoise": _in_training(layer_options(idle={"stddev": IN_TRAINING, "seed": SEED})),
    "Identity": LayerKind(
        translate=translate_identity,
        options=layer_options(),
        mask=MaskRule.SHARED,
        mask_in_keras_2=MaskRule.LOST,
    ),
    "Permute": LayerKind(translate=translate_permute, options=layer_options("dims")),
    "RepeatVector": LayerKind(translate=translate_repeat_vector, options=layer_options("n")),
    "Reshape": LayerKind(translate=translate_reshape, options=layer_options("target_shape")),
    **rows(
        _AUGMENTATIONS,
        LayerKind(
            translate=translate_augmentation,
            options=layer_options(idle=_AUGMENTATION_IDLE),
            arguments=("training",),
        ),
    ),
    **over_axes("SpatialDropout{}", _in_training(layer_options("data_format", idle=_DROPOUT_IDLE))),
}
"""The layers of this module, by class."""
