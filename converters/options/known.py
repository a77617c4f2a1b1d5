"""The options that each class of layer can have, and what becomes of them in a conversion.

Every option is one of three kinds. The translation of the class reads it; or the translation takes
one value of it for granted, and any other is refused; or it changes nothing outside of training,
for a reason that is written here. An option of none of these kinds is refused unless it is null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from onnxfi.converters.options.operations import FIXED_IN_OPERATIONS, OPERATION_OPTIONS


@dataclass(frozen=True, slots=True)
class KnownOptions:
    """The options of one class.

    Attributes:
        read: options that the translation reads.
        fixed: options that have one value in what is translated; null is taken for it, too.
        idle: options that do not matter, with the reasons.
    """

    read: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    idle: Mapping[str, str] = field(default_factory=dict)


_READ_EVERYWHERE = ("dtype", "name")
_IDLE_EVERYWHERE = {
    "batch_input_shape": "gives a Sequential the shape of its input; other tensors have theirs",
    "batch_shape": "gives the input of a model its shape",
    "trainable": "chooses what training changes; only the order of stored weights follows it",
}

IDLE_ENDINGS: Mapping[str, str] = {
    "_constraint": "changes weights after a step of training",
    "_initializer": "chooses weights before training; the file has the trained ones",
    "_regularizer": "adds to the loss in training",
}
"""The last words of options that do not matter in any class, with the reasons."""

_RANDOM = "drops values, or adds noise, in training only"
_SEED = "starts the random numbers of training"
_STATISTICS = "of the statistics that training gathers"
_SAME_NUMBERS = "chooses how the same numbers are computed"
_KNOWN_SHAPE = "repeats a shape that the tensors have"
_OF_REFUSED = "only matters with an option that is refused"

_DROPOUTS = {"rate": _RANDOM, "noise_shape": _RANDOM, "seed": _SEED}
_AUGMENTATION = dict.fromkeys(
    (
        *("data_format", "factor", "fill_mode", "fill_value", "height_factor", "interpolation"),
        *("mode", "rng_type", "seed", "value_range", "width_factor"),
    ),
    "changes images in training only",
)
_NORMALISING = ("axis", "epsilon", "center", "scale")
_BATCH_NORMALIZATION = KnownOptions(
    _NORMALISING,
    {"renorm": False, "virtual_batch_size": None},
    {
        "fused": _SAME_NUMBERS,
        "momentum": _STATISTICS,
        "renorm_clipping": _OF_REFUSED,
        "renorm_momentum": _OF_REFUSED,
        "synchronized": _STATISTICS,
    },
)
_WINDOWS = ("kernel_size", "strides", "padding", "data_format", "dilation_rate")
_CONVOLUTION = KnownOptions((*_WINDOWS, "filters", "groups", "activation", "use_bias"))
# Keras 2 writes the groups of these, too, and does not read them.
_DEPTHWISE = KnownOptions((*_WINDOWS, "depth_multiplier", "activation", "use_bias"), {"groups": 1})
_SEPARABLE = KnownOptions((*_DEPTHWISE.read, "filters"), _DEPTHWISE.fixed)
_TRANSPOSED = KnownOptions((*_CONVOLUTION.read, "output_padding"))
_POOLING = KnownOptions(("pool_size", "strides", "padding", "data_format"))
_GLOBAL_POOLING = KnownOptions(("data_format", "keepdims"))
_ADAPTIVE_POOLING = KnownOptions(("output_size", "data_format"))
_ATTENTION_IDLE = {
    "flash_attention": _SAME_NUMBERS,
    "key_shape": _KNOWN_SHAPE,
    "query_shape": _KNOWN_SHAPE,
    "seed": _SEED,
    "value_shape": _KNOWN_SHAPE,
}
_DENSE_ATTENTION_IDLE = {"dropout": _RANDOM, "seed": _SEED}
_CELL_IDLE = {
    "dropout": _RANDOM,
    "implementation": _SAME_NUMBERS,
    "recurrent_dropout": _RANDOM,
    "seed": _SEED,
    "unit_forget_bias": IDLE_ENDINGS["_initializer"],
}
_SIMPLE_CELL = ("units", "activation", "use_bias")
_LSTM_CELL = (*_SIMPLE_CELL, "recurrent_activation")
_GRU_CELL = (*_LSTM_CELL, "reset_after")
_RUNNING = ("return_sequences", "return_state", "go_backwards", "stateful")
_LOOP = (*_RUNNING, "unroll", "zero_output_for_mask", "time_major", "num_constants")


def _each(names: str, options: KnownOptions) -> dict[str, KnownOptions]:
    """Return the same options for several classes."""
    return dict.fromkeys(names.split(), options)


def _for_axes(name: str, options: KnownOptions) -> dict[str, KnownOptions]:
    """Return the same options for a class over one, two and three axes."""
    return {name.format(axes): options for axes in ("1D", "2D", "3D")}


LAYER_OPTIONS: Mapping[str, KnownOptions] = {
    **_each("Add Average Identity Maximum Minimum Multiply Subtract", KnownOptions()),
    **_each("BatchNormalization BatchNormalizationV1 BatchNormalizationV2", _BATCH_NORMALIZATION),
    **_each("SyncBatchNormalization", _BATCH_NORMALIZATION),
    **_each("Dropout AlphaDropout GaussianDropout", KnownOptions(idle=_DROPOUTS)),
    **_each("RandomBrightness RandomContrast RandomFlip", KnownOptions(idle=_AUGMENTATION)),
    **_each("RandomRotation RandomTranslation RandomZoom", KnownOptions(idle=_AUGMENTATION)),
    # Each layer inside states its own dtype.
    **_each(
        "Functional Model Sequential",
        KnownOptions(("layers", "input_layers", "output_layers", "build_input_shape")),
    ),
    **_each(
        "SlicingOpLambda TFOpLambda",
        KnownOptions(("function",), idle={"dtype": "functions compute in the type of their input"}),
    ),
    **_each(
        "TensorFlowOpLayer",
        KnownOptions(("node_def", "constants"), idle={"dtype": "operators state their own types"}),
    ),
    **_for_axes("AdaptiveAveragePooling{}", _ADAPTIVE_POOLING),
    **_for_axes("AdaptiveMaxPooling{}", _ADAPTIVE_POOLING),
    **_for_axes("AveragePooling{}", _POOLING),
    **_for_axes("Conv{}", _CONVOLUTION),
    **_for_axes("Conv{}Transpose", _TRANSPOSED),
    **_for_axes(
        "ConvLSTM{}",
        KnownOptions(
            (*_WINDOWS, *_RUNNING, "filters", "activation", "recurrent_activation", "use_bias"),
            {"time_major": False},
            {**_CELL_IDLE, "unroll": _SAME_NUMBERS, "zero_output_for_mask": "of masks: refused"},
        ),
    ),
    **_for_axes("Cropping{}", KnownOptions(("cropping", "data_format"))),
    **_for_axes("DepthwiseConv{}", _DEPTHWISE),
    **_each(
        "LocallyConnected1D LocallyConnected2D",
        KnownOptions(
            (
                *("kernel_size", "strides", "padding", "data_format", "filters", "activation"),
                *("use_bias", "implementation"),
            )
        ),
    ),
    **_for_axes("GlobalAveragePooling{}", _GLOBAL_POOLING),
    **_for_axes("GlobalMaxPooling{}", _GLOBAL_POOLING),
    **_for_axes("MaxPooling{}", _POOLING),
    **_for_axes("SeparableConv{}", _SEPARABLE),
    **_for_axes("SpatialDropout{}", KnownOptions(("data_format",), idle=_DROPOUTS)),
    **_for_axes("UpSampling{}", KnownOptions(("size", "data_format", "interpolation"))),
    **_for_axes("ZeroPadding{}", KnownOptions(("padding", "data_format"))),
    "Activation": KnownOptions(("activation",)),
    "ActivityRegularization": KnownOptions(
        idle=dict.fromkeys(("l1", "l2"), IDLE_ENDINGS["_regularizer"])
    ),
    "AdditiveAttention": KnownOptions(("use_scale", "causal"), idle=_DENSE_ATTENTION_IDLE),
    "Attention": KnownOptions(("use_scale", "score_mode", "causal"), idle=_DENSE_ATTENTION_IDLE),
    "Bidirectional": KnownOptions(("layer", "backward_layer", "merge_mode")),
    "CenterCrop": KnownOptions(("height", "width", "data_format")),
    "Concatenate": KnownOptions(("axis",)),
    "Dense": KnownOptions(("units", "activation", "use_bias")),
    "Dot": KnownOptions(("axes", "normalize")),
    "ELU": KnownOptions(("alpha",)),
    "EinsumDense": KnownOptions(("equation", "output_shape", "activation", "bias_axes")),
    "Embedding": KnownOptions(
        ("input_dim", "output_dim", "mask_zero"), idle={"input_length": _KNOWN_SHAPE}
    ),
    "Flatten": KnownOptions(("data_format",)),
    "GRU": KnownOptions((*_GRU_CELL, *_LOOP), idle=_CELL_IDLE),
    "GRUCell": KnownOptions(_GRU_CELL, idle=_CELL_IDLE),
    "GaussianNoise": KnownOptions(idle={"stddev": _RANDOM, "seed": _SEED}),
    "GroupNormalization": KnownOptions((*_NORMALISING, "groups")),
    "GroupedQueryAttention": KnownOptions(
        (
            *("head_dim", "num_query_heads", "num_key_value_heads", "use_bias", "dropout"),
            *("sliding_window", "use_gate"),
        ),
        idle=_ATTENTION_IDLE,
    ),
    "InputLayer": KnownOptions(("sparse", "ragged"), {"optional": False}),
    "LSTM": KnownOptions((*_LSTM_CELL, *_LOOP), idle=_CELL_IDLE),
    "LSTMCell": KnownOptions(_LSTM_CELL, idle=_CELL_IDLE),
    "LayerNormalization": KnownOptions((*_NORMALISING, "rms_scaling")),
    "LeakyReLU": KnownOptions(("alpha", "negative_slope")),
    "Masking": KnownOptions(("mask_value",)),
    "MultiHeadAttention": KnownOptions(
        (
            *("num_heads", "key_dim", "value_dim", "use_bias", "output_shape", "attention_axes"),
            *("dropout", "sliding_window", "use_gate"),
        ),
        {"softmax_robust_masking": False},
        _ATTENTION_IDLE,
    ),
    "Normalization": KnownOptions(("axis", "mean", "variance", "invert")),
    "PReLU": KnownOptions(("shared_axes",)),
    "Permute": KnownOptions(("dims",)),
    "RMSNormalization": KnownOptions(("axis", "epsilon")),
    "RNN": KnownOptions(("cell", *_LOOP)),
    "ReLU": KnownOptions(("max_value", "negative_slope", "threshold")),
    "RepeatVector": KnownOptions(("n",)),
    "Rescaling": KnownOptions(("scale", "offset")),
    "Reshape": KnownOptions(("target_shape",)),
    "Resizing": KnownOptions(
        (
            *("height", "width", "data_format", "interpolation"),
            *("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"),
        ),
        idle=dict.fromkeys(("fill_mode", "fill_value"), _OF_REFUSED),
    ),
    "SimpleRNN": KnownOptions((*_SIMPLE_CELL, *_LOOP), idle=_CELL_IDLE),
    "SimpleRNNCell": KnownOptions(_SIMPLE_CELL, idle=_CELL_IDLE),
    "Softmax": KnownOptions(("axis",), {"robust_masking": False}),
    "SpectralNormalization": KnownOptions(("layer",), idle={"power_iterations": _STATISTICS}),
    "StackedRNNCells": KnownOptions(("cells",), {"reverse_state_order": False}),
    "ThresholdedReLU": KnownOptions(("theta",)),
    "TimeDistributed": KnownOptions(("layer",)),
    "UnitNormalization": KnownOptions(("axis",)),
}
"""The options of each class of layer."""

_OPERATION = "ops."


def known_options(layer_class: str) -> KnownOptions | None:
    """Return the options of a class of layer or operation; None where the class is not known.

    Args:
        layer_class: such as ``Conv2D``, or ``ops.Sum`` for an operation of Keras 3.
    """
    if layer_class.startswith(_OPERATION):
        operation = layer_class[len(_OPERATION) :]
        fixed = FIXED_IN_OPERATIONS.get(operation, {})
        return KnownOptions(("name", *OPERATION_OPTIONS.get(operation, ())), fixed)
    known = LAYER_OPTIONS.get(layer_class)
    if known is None:
        return None
    read = tuple(key for key in _READ_EVERYWHERE if key not in known.idle)
    return replace(known, read=(*read, *known.read), idle={**_IDLE_EVERYWHERE, **known.idle})
