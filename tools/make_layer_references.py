"""Make the reference files of the tests of layers that work on images, volumes and series.

Needs the extra ``keras``. Run it from the root of the repository, with the names of models or
without:

    python -m tools.make_layer_references [--folder FOLDER] [--seed SEED] [MODEL ...]

For each model ``M`` of Keras 2 (``_k2``, tf_keras) and Keras 3 (``_k3``) it writes the files and
the arrays that tools/make_sequence_references.py describes, faults in each layer among them. Some
are written as ``M.keras``, too.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tensorflow as tf

from tools.function_models import functions
from tools.make_sequence_references import DATA, write_reference

Build = Callable[[Any], Any]


def series(k: Any) -> Any:
    """Return a model of the layers on one axis."""
    layers = k.layers
    source = layers.Input((12, 3), name="source")
    x = layers.Conv1D(4, 3, padding="causal", dilation_rate=2, name="causal")(source)
    x = layers.SpatialDropout1D(0.2, name="spatial_dropout")(x)
    x = layers.Conv1D(4, 4, padding="same", groups=2, activation="relu", name="same")(x)
    x = layers.ZeroPadding1D((2, 1), name="pad")(x)
    x = layers.SeparableConv1D(5, 3, depth_multiplier=2, activation="tanh", name="separable")(x)
    x = layers.MaxPooling1D(2, name="max")(x)
    x = layers.DepthwiseConv1D(3, padding="same", depth_multiplier=2, name="depthwise")(x)
    x = layers.UpSampling1D(2, name="up")(x)
    x = layers.AveragePooling1D(3, strides=2, padding="same", name="average")(x)
    x = layers.PReLU(shared_axes=[1], name="prelu")(x)
    x = layers.Conv1DTranspose(3, 4, strides=3, padding="same", name="transposed")(x)
    x = layers.Cropping1D((1, 2), name="crop")(x)
    mean = layers.GlobalAveragePooling1D(name="global_average")(x)
    top = layers.GlobalMaxPooling1D(name="global_max")(x)
    steps = layers.RepeatVector(4, name="repeat")(layers.Add(name="add")([mean, top]))
    x = layers.PReLU(name="prelu_each")(steps)
    x = layers.Permute((2, 1), name="permute")(x)
    x = layers.Dot(axes=(2, 1), name="dot")([x, steps])
    y = layers.Dot(axes=1, normalize=True, name="cosine")([mean, top])
    return k.Model(source, [x, y], name="series")


def volume(k: Any) -> Any:
    """Return a model of the layers on three axes."""
    layers = k.layers
    source = layers.Input((4, 6, 5, 2), name="source")
    x = layers.Conv3D(4, (2, 3, 3), padding="same", activation="elu", name="conv")(source)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ZeroPadding3D((1, 0, 2), name="pad")(x)
    x = layers.MaxPooling3D((2, 2, 1), padding="same", name="max")(x)
    x = layers.SpatialDropout3D(0.2, name="spatial_dropout")(x)
    x = layers.Conv3D(3, 2, strides=2, use_bias=False, name="valid")(x)
    x = layers.Conv3DTranspose(2, 3, strides=2, padding="same", name="transposed")(x)
    x = layers.AveragePooling3D(2, strides=1, padding="same", name="average")(x)
    x = layers.UpSampling3D((1, 2, 1), name="up")(x)
    x = layers.Cropping3D(((0, 1), (1, 1), (2, 0)), name="crop")(x)
    mean = layers.GlobalAveragePooling3D(name="global_average")(x)
    top = layers.GlobalMaxPooling3D(keepdims=True, name="global_max")(x)
    return k.Model(source, [mean, top], name="volume")


def normalisations(k: Any) -> Any:
    """Return a model of the layers that normalise, and of those that prepare images."""
    layers = k.layers
    image = layers.Input((6, 7, 4), name="image")
    x = layers.Rescaling(1 / 3, offset=-0.5, name="rescale")(image)
    x = layers.Normalization(name="statistics")(x)
    given = {"mean": [0.1, 0.2, 0.3, 0.4], "variance": [1.0, 2.0, 0.5, 1.5]}
    x = layers.Normalization(**given, name="given")(x)
    x = layers.Normalization(mean=0.5, variance=2.0, invert=True, name="inverted")(x)
    x = layers.CenterCrop(5, 4, name="center")(x)
    x = layers.SeparableConv2D(6, 3, padding="same", name="separable")(x)
    x = layers.GroupNormalization(3, name="groups")(x)
    x = layers.GroupNormalization(-1, scale=False, name="instances")(x)
    x = layers.UnitNormalization(name="unit")(x)
    x = layers.UnitNormalization(axis=[1, 2], name="unit_image")(x)
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    x = layers.Softmax(axis=(1, 2), name="softmax_image")(x)
    x = layers.LayerNormalization(axis=(2, 3), name="layer_norm")(x)
    if k.__name__ == "keras":
        x = layers.SpectralNormalization(layers.Conv2D(4, 2, name="conv"), name="spectral")(x)
        x = layers.RMSNormalization(name="rms")(x)
        x = layers.Rescaling([0.5, 1.0, 2.0, 3.0], offset=[0.1, 0.2, 0.3, 0.4], name="each")(x)
    return k.Model(image, x, name="normalisations")


def adaptive(k: Any) -> Any:
    """Return a model of the poolings that divide an axis into equal parts; Keras 3 alone."""
    layers = k.layers
    sequence = layers.Input((7, 2), name="sequence")
    image = layers.Input((5, 8, 3), name="image")
    volume = layers.Input((4, 3, 5, 2), name="volume")
    outputs = [
        layers.AdaptiveAveragePooling1D(3, name="average1")(sequence),
        layers.AdaptiveMaxPooling1D(5, name="max1")(sequence),
        layers.AdaptiveAveragePooling2D((2, 4), name="average2")(image),
        layers.AdaptiveMaxPooling2D(3, name="max2")(layers.Conv2D(2, 1, name="conv")(image)),
        layers.AdaptiveAveragePooling3D((2, 2, 3), name="average3")(volume),
        layers.AdaptiveMaxPooling3D(2, name="max3")(volume),
    ]
    return k.Model([sequence, image, volume], outputs, name="adaptive")


_FUNCTIONS = {
    "k2": ("mish", "gelu", "hard_sigmoid"),
    "k3": (
        *("celu", "glu", "hard_shrink", "hard_silu", "hard_tanh", "log_sigmoid", "log_softmax"),
        *("mish", "soft_shrink", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus"),
        *("tanh_shrink", "hard_sigmoid"),
    ),
}


def more_activations(k: Any) -> Any:
    """Return a model with an output for each activation that tools/make_references.py has not."""
    layers = k.layers
    image = layers.Input((3, 4, 6), name="image")
    pooled = layers.MaxPooling2D((2, 1), name="pool")(image)
    functions = _FUNCTIONS["k3" if k.__name__ == "keras" else "k2"]
    outputs = [
        layers.Activation(name, name=name)((image, pooled)[i % 2])
        for i, name in enumerate(functions)
    ]
    outputs.append(layers.Dense(4, activation=functions[0], name="built_in")(pooled))
    if k.__name__ != "keras":
        outputs.append(layers.ThresholdedReLU(0.3, name="thresholded")(image))
    return k.Model(image, outputs, name="more_activations")


def operations(k: Any) -> Any:
    """Return a model of operations between layers, which Keras 2 has as functions of TensorFlow."""
    layers = k.layers
    image = layers.Input((4, 6, 3), name="image")
    other = layers.Input((4, 6, 3), name="other")
    conv = layers.Conv2D(3, 3, padding="same", name="conv")(image)
    outputs = [
        conv + other,
        3.0 - conv,
        conv / 2.0 * np.array([1, 2, 4], np.float32),
        -conv,
        conv**2,
    ]
    outputs += [conv[:, 1:3], other[:, ::-1, 1:-1:2, 0], conv[..., None, -1], other[:, 2]]
    further = _operations_of_keras_3 if k is keras else _functions_of_tensorflow
    return k.Model([image, other], [*outputs, *further(conv, other)], name="operations")


def _operations_of_keras_3(conv: Any, other: Any) -> list[Any]:
    ops = keras.ops
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    positive = ops.exp(other)
    return [
        *(ops.sqrt(positive), ops.log(positive), ops.rsqrt(positive), ops.square(conv)),
        *(ops.absolute(conv), ops.sign(conv), ops.floor(conv), ops.sin(conv), ops.erf(conv)),
        *(ops.relu(conv), ops.sigmoid(conv), ops.silu(other), ops.gelu(conv), ops.hard_silu(conv)),
        *(ops.leaky_relu(conv), ops.tanh(conv), ops.softmax(conv, axis=1), ops.log_softmax(conv)),
        *(ops.maximum(conv, 0.1), ops.minimum(conv, other), ops.clip(conv, -0.2, 0.3)),
        *(ops.mean(conv, axis=(1, 2), keepdims=True), ops.sum(conv, axis=-1), ops.max(conv, 1)),
        *(ops.min(other, axis=2), ops.var(conv, axis=1), ops.std(conv, axis=(1, 2))),
        *(ops.logsumexp(other, axis=3), ops.argmax(conv, axis=-1), ops.prod(other, axis=1)),
        *(ops.reshape(conv, (-1, 24, 3)), ops.transpose(conv, (0, 3, 1, 2))),
        *(ops.swapaxes(conv, 1, 2), ops.moveaxis(conv, 3, 1), ops.expand_dims(conv, 1)),
        *(ops.squeeze(conv[:, :1], 1), ops.concatenate([conv, other], axis=2)),
        *(ops.stack([conv, other], axis=1), *ops.split(conv, 2, axis=1)),
        *(*ops.split(other, [1, 4], axis=2), ops.where(conv > other, conv, other)),
        *(ops.pad(conv, ((0, 0), (1, 2), (0, 0), (0, 1))), ops.flip(conv, axis=1)),
        *(ops.repeat(conv, 2, axis=1), ops.tile(conv, (1, 2, 1, 1)), ops.take(conv, [0, 2], 1)),
        *(ops.matmul(other, matrix), ops.matmul(conv, ops.transpose(other, (0, 1, 3, 2)))),
        *(ops.einsum("abcd,abed->abce", conv, other), ops.rms_normalization(conv)),
        *(ops.cast(conv > 0, "float32"), ops.logical_and(conv > 0, other < 0)),
        *(ops.normalize(conv), conv + np.arange(18, dtype=np.float32).reshape(6, 3)),
    ]


def _functions_of_tensorflow(conv: Any, other: Any) -> list[Any]:
    positive = tf.exp(other)
    batch = tf.shape(conv)[0]
    return [
        *(tf.sqrt(positive), tf.math.log(positive), tf.math.rsqrt(positive), tf.square(conv)),
        *(tf.abs(conv), tf.sign(conv), tf.floor(conv), tf.sin(conv), tf.math.erf(conv)),
        *(tf.nn.relu(conv), tf.sigmoid(conv), tf.nn.swish(other), tf.nn.gelu(conv)),
        *(tf.nn.relu6(conv), tf.nn.leaky_relu(conv), tf.tanh(conv), tf.nn.softmax(conv, axis=1)),
        *(tf.maximum(conv, 0.1), tf.minimum(conv, other), tf.clip_by_value(conv, -0.2, 0.3)),
        *(tf.reduce_mean(conv, axis=[1, 2], keepdims=True), tf.reduce_sum(conv, -1)),
        *(tf.reduce_max(conv, axis=1), tf.math.reduce_variance(conv, axis=1)),
        *(tf.argmax(conv, axis=-1), tf.math.reduce_std(conv, axis=[1, 2])),
        *(tf.reshape(conv, (-1, 24, 3)), tf.reshape(conv, [batch, -1, 9])),
        *(tf.transpose(conv, (0, 3, 1, 2)), tf.expand_dims(conv, 1), tf.squeeze(conv[:, :1], 1)),
        *(tf.concat([conv, other], axis=2), tf.stack([conv, other], axis=1)),
        *(*tf.split(conv, 2, axis=1), tf.where(conv > other, conv, other)),
        *(tf.pad(conv, ((0, 0), (1, 2), (0, 0), (0, 1))), tf.tile(conv, [1, 2, 1, 1])),
        *(tf.matmul(conv, other, transpose_b=True), tf.nn.l2_normalize(conv, -1)),
        *(tf.cast(conv > 0, tf.float32), tf.math.squared_difference(conv, other)),
    ]


def nested(k: Any) -> Any:
    """Return a model in a model in a model, called twice, with a Sequential head."""
    layers = k.layers
    patch = layers.Input((6, 6, 3), name="patch")
    x = layers.Conv2D(4, 3, padding="same", name="conv")(patch)
    norm = layers.BatchNormalization(name="norm")(x)
    block = k.Model(patch, [layers.Add(name="add")([x, norm]), norm], name="block")
    image = layers.Input((6, 6, 3), name="image")
    x, y = block(image)
    x = layers.Activation("relu", name="relu")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    backbone = k.Model(image, [x, y], name="backbone")
    head = k.Sequential(
        [layers.Input((36,)), layers.Dense(3, activation="tanh", name="conv")], name="head"
    )
    first, second = (layers.Input((6, 6, 3), name=name) for name in ("first", "second"))
    results = [backbone(first), backbone(second)]
    flat = layers.Flatten(name="flatten")
    scores = [head(flat(x)) for x, _ in results]
    joined = layers.Subtract(name="difference")(scores)
    return k.Model([first, second], [joined, results[0][1]], name="nested")


def mixed(k: Any) -> Any:
    """Return a model that computes in float16, but for an output and a layer in between."""
    config = k.config if k is keras else k.mixed_precision
    setter = "set_dtype_policy" if k is keras else "set_global_policy"
    getattr(config, setter)("mixed_float16")
    layers = k.layers
    image = layers.Input((6, 6, 2), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(image)
    x = layers.BatchNormalization(name="norm")(x)
    skip = layers.DepthwiseConv2D(3, padding="same", dtype="float32", name="float32")(x)
    x = layers.Add(name="add")([x, skip])
    x = layers.Activation("gelu", name="gelu")(x)
    x = layers.AveragePooling2D(2, name="pool")(x)
    x = layers.LayerNormalization(name="layer_norm")(x)
    y = layers.Reshape((3, 12), name="rows")(x)
    y = layers.GRU(3, return_sequences=True, name="gru")(y)
    y = layers.LSTM(3, activation="gelu", name="lstm")(y)
    x = layers.Flatten(name="flatten")(layers.Dropout(0.2, name="dropout")(x))
    x = layers.Concatenate(name="join")([layers.Dense(3, name="dense")(x), y])
    out = layers.Dense(2, activation="softmax", dtype="float32", name="out")(x)
    getattr(config, setter)("float32")
    return k.Model(image, [out, x], name="mixed")


def channels_first(k: Any) -> Any:
    """Return a model of images (channels, rows, columns); TensorFlow runs it in Keras 3 alone."""
    layers = k.layers
    first = {"data_format": "channels_first"}
    image = layers.Input((3, 8, 9), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv", **first)(image)
    skip = layers.BatchNormalization(axis=1, name="norm")(x)
    x = layers.ZeroPadding2D(1, name="pad", **first)(skip)
    x = layers.DepthwiseConv2D(3, name="depthwise", **first)(x)
    x = layers.Activation("elu", name="elu")(x)
    x = layers.Concatenate(axis=1, name="join")([x, skip])
    x = layers.MaxPooling2D(2, name="max", **first)(x)
    x = layers.UpSampling2D(2, name="up", **first)(x)
    x = layers.Conv2DTranspose(3, 3, strides=2, padding="same", name="transposed", **first)(x)
    x = layers.GroupNormalization(3, axis=1, name="groups")(x)
    x = layers.Cropping2D(((1, 2), (0, 1)), name="crop", **first)(x)
    x = layers.AveragePooling2D(2, name="average", **first)(x)
    mean = layers.GlobalAveragePooling2D(name="global", **first)(x)
    kept = layers.GlobalMaxPooling2D(keepdims=True, name="kept", **first)(x)
    scaled = layers.Multiply(name="scale")([x, kept])
    flat = layers.Flatten(name="flatten", **first)(scaled)
    return k.Model(image, [layers.Dense(2, name="out")(flat), mean, scaled], name="channels_first")


def resizing(k: Any) -> Any:
    """Return a model of all interpolations that convert, on pixels that are whole numbers."""
    layers = k.layers
    image = layers.Input((6, 8, 2), dtype="uint8", name="image")
    pixels = layers.Rescaling(1 / 255, name="pixels")(image)
    outputs = [
        layers.Resizing(5, 11, name="bilinear")(pixels),
        layers.Resizing(9, 3, interpolation="nearest", name="nearest")(pixels),
        layers.Resizing(12, 16, interpolation="bicubic", name="bicubic")(pixels),
    ]
    for method in ("nearest", "bilinear", "bicubic"):
        factors = (2, 4) if method == "bicubic" else (3, 2)
        up = layers.UpSampling2D(factors, interpolation=method, name=f"up_{method}")
        outputs.append(up(pixels))
    return k.Model(image, outputs, name="resizing")


def convolutional_recurrent(k: Any) -> Any:
    """Return a model of ConvLSTM over one and two axes."""
    layers = k.layers
    frames = layers.Input((4, 6, 5, 2), name="frames")
    rows = layers.Input((3, 7, 2), name="rows")
    x = layers.ConvLSTM2D(3, 3, padding="same", return_sequences=True, name="first")(frames)
    x = layers.ConvLSTM2D(
        2, (3, 2), strides=(2, 1), return_sequences=True, go_backwards=True, name="backwards"
    )(x)
    last, *states = layers.ConvLSTM2D(2, 2, use_bias=False, return_state=True, name="states")(x)
    y = layers.ConvLSTM1D(
        3, 3, dilation_rate=2, activation="relu", recurrent_activation="sigmoid", name="line"
    )(rows)
    return k.Model([frames, rows], [last, *states, y], name="convolutional_recurrent")


def bidirectional_images(k: Any) -> Any:
    """Return a model of Bidirectional around ConvLSTM over one and two axes."""
    layers = k.layers
    frames = layers.Input((3, 5, 4, 2), name="frames")
    rows = layers.Input((3, 6, 2), name="rows")
    states = [layers.Input((5, 4, 2), name=f"state{i}") for i in range(4)]
    first = layers.ConvLSTM2D(2, 3, padding="same", return_sequences=True, name="first")
    x = layers.Bidirectional(first, name="both")(frames, initial_state=states)
    last = layers.ConvLSTM2D(3, 2, strides=(1, 2), return_state=True, name="last")
    x, *others = layers.Bidirectional(last, merge_mode="sum", name="sums")(x)
    x = layers.Conv2D(2, 2, name="conv")(x)
    line = layers.ConvLSTM1D(2, 3, return_sequences=True, name="line")
    y = layers.Bidirectional(line, merge_mode=None, name="apart")(rows)
    y = layers.Bidirectional(layers.ConvLSTM1D(2, 2, name="end"), name="joined")(y[1])
    return k.Model([frames, rows, *states], [x, *others, y], name="bidirectional_images")


def inner_axes(k: Any) -> Any:
    """Return a model of normalisations over other axes than the last."""
    layers = k.layers
    image = layers.Input((4, 5, 6), name="image")
    x = layers.Conv2D(6, 1, name="conv")(image)
    x = layers.BatchNormalization(axis=2, name="batch")(x)
    x = layers.GroupNormalization(2, axis=1, name="groups")(x)
    x = layers.GroupNormalization(-1, axis=2, name="instances")(x)
    x = layers.LayerNormalization(axis=1, name="layer")(x)
    x = layers.LayerNormalization(axis=[1, 3], name="two")(x)
    x = layers.UnitNormalization(axis=[1, 3], name="unit")(x)
    if k is keras:
        x = layers.LayerNormalization(axis=[1, 2], rms_scaling=True, name="scaled")(x)
        x = layers.RMSNormalization(axis=[1, 2, 3], name="rms")(x)
    else:
        x = layers.LayerNormalization(axis=[3, 1], name="reversed")(x)
        x = layers.BatchNormalization(axis=[1, 3], name="several")(x)
    return k.Model(image, x, name="inner_axes")


def locally_connected(k: Any) -> Any:
    """Return a model of LocallyConnected1D and 2D with each of their kernels; Keras 2 alone."""
    layers = k.layers
    image = layers.Input((6, 5, 2), name="image")
    first = layers.Input((2, 7), name="first")
    x = layers.LocallyConnected2D(3, (2, 3), activation="relu", name="windows")(image)
    x = layers.LocallyConnected2D(
        2, 3, strides=(2, 1), padding="same", implementation=2, name="dense"
    )(x)
    x = layers.LocallyConnected2D(2, 2, padding="same", implementation=3, name="sparse")(x)
    channels_first = {"data_format": "channels_first"}
    y = layers.LocallyConnected1D(3, 2, strides=2, name="line", **channels_first)(first)
    y = layers.LocallyConnected1D(
        2, 2, padding="same", implementation=2, name="line_dense", **channels_first
    )(y)
    y = layers.LocallyConnected1D(
        2, 3, padding="same", implementation=3, name="line_sparse", **channels_first
    )(y)
    return k.Model([image, first], [x, y], name="locally_connected")


def attention_of_images(k: Any) -> Any:
    """Return a model of attention along one axis of an image; with gates in Keras 3."""
    layers = k.layers
    image = layers.Input((3, 4, 6), name="image")
    options = {"use_gate": True} if k is keras else {}
    rows = layers.MultiHeadAttention(2, 3, attention_axes=1, name="rows", **options)
    columns = layers.MultiHeadAttention(2, 4, attention_axes=(2,), value_dim=3, name="columns")
    x = rows(image, image)
    x, scores = columns(x, image, return_attention_scores=True)
    flat = layers.Reshape((12, 6), name="flat")(x)
    if k is keras:
        grouped = layers.GroupQueryAttention(3, 4, 2, use_gate=True, name="grouped")
        flat = grouped(flat, flat, use_causal_mask=True)
    else:
        flat = layers.MultiHeadAttention(2, 3, output_shape=(2, 3), name="shaped")(flat, flat)
    return k.Model(image, [x, scores, flat], name="attention_of_images")


def augmentation(k: Any) -> Any:
    """Return a model of the layers that change images at random, in training alone."""
    layers = k.layers
    image = layers.Input((5, 6, 3), name="image")
    x = layers.RandomFlip(name="flip")(image)
    x = layers.RandomRotation(0.2, name="rotation")(x)
    x = layers.RandomZoom(0.2, name="zoom")(x)
    x = layers.RandomContrast(0.2, name="contrast")(x)
    x = layers.RandomTranslation(0.1, 0.1, name="translation")(x)
    x = layers.RandomBrightness(0.2, name="brightness")(x)
    return k.Model(image, layers.Conv2D(2, 3, name="conv")(x), name="augmentation")


MODELS: Mapping[str, tuple[Build, tuple[str, ...]]] = {
    "series": (series, ("k2", "k3")),
    "volume": (volume, ("k2", "k3")),
    "normalisations": (normalisations, ("k2", "k3")),
    "adaptive": (adaptive, ("k3",)),
    "channels_first": (channels_first, ("k3",)),
    "mixed": (mixed, ("k2", "k3")),
    "convolutional_recurrent": (convolutional_recurrent, ("k2", "k3")),
    "bidirectional_images": (bidirectional_images, ("k2", "k3")),
    "attention_of_images": (attention_of_images, ("k2", "k3")),
    "inner_axes": (inner_axes, ("k2", "k3")),
    "locally_connected": (locally_connected, ("k2",)),
    "augmentation": (augmentation, ("k2",)),  # Keras 3 fails to write its .h5
    "nested": (nested, ("k2", "k3")),
    "resizing": (resizing, ("k2", "k3")),
    "operations": (operations, ("k2", "k3")),
    "functions": (functions, ("k2",)),
    "more_activations": (more_activations, ("k2", "k3")),
}
"""What builds each model, and the Keras versions that can."""

ARCHIVED = ("attention_of_images", "normalisations", "convolutional_recurrent")
"""Models that are written as .keras, too: their layers have weights in several groups."""


def main() -> None:
    """Write the files of the models that are named, or of all."""
    parser = argparse.ArgumentParser(description="Make the reference files of tests of layers.")
    parser.add_argument("models", nargs="*", metavar="MODEL", choices=[*MODELS, []])
    parser.add_argument("--folder", type=Path, default=DATA)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    for name in arguments.models or MODELS:
        build, families = MODELS[name]
        for family in families:
            path = arguments.folder / f"{name}_{family}.h5"
            rng = np.random.default_rng(arguments.seed)
            count = (
                4 if build in (operations, functions) else None
            )  # its many outputs follow each fault
            model = write_reference(path, family, build, rng, fault_count=count)
            if name in ARCHIVED:
                model.save(path.with_suffix(".keras"))
            print(path.name, path.stat().st_size, path.with_suffix(".npz").stat().st_size)


if __name__ == "__main__":
    main()
