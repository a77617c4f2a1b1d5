"""Builds well-known Keras models with random weights; the large ones come from Keras.

`build` works with Keras 3 and tf_keras. Weights and the statistics of normalisations are random, as
their initial values would hide a mistake.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tools import make_layer_references as layer_models
from tools import make_references as image_models
from tools import make_sequence_references as sequence_models

APPLICATIONS: Mapping[str, float] = {
    "VGG16": 1,
    "ResNet50": 1,
    "MobileNetV2": 1,
    "MobileNetV3Small": 255,
    "DenseNet121": 1,
    "InceptionV3": 1,
    "EfficientNetB0": 255,
    "Xception": 1,
}
"""Models of keras.applications, and the largest value of the images that they take."""


def squeezenet(k: Any) -> Any:
    """Return a SqueezeNet of four fire modules, as in ``fire2/squeeze1x1``."""
    layers = k.layers
    join = "_" if k.__name__ == "keras" else "/"  # Keras 3 allows no slash

    def fire(x: Any, name: str, squeeze: int, expand: int) -> Any:
        x = layers.Conv2D(squeeze, 1, activation="relu", name=f"{name}{join}squeeze1x1")(x)
        left = layers.Conv2D(expand, 1, activation="relu", name=f"{name}{join}expand1x1")(x)
        right = layers.Conv2D(
            expand, 3, padding="same", activation="relu", name=f"{name}{join}expand3x3"
        )(x)
        return layers.Concatenate(name=f"{name}{join}concat")([left, right])

    image = layers.Input((64, 64, 3), name="image")
    x = layers.Conv2D(16, 3, strides=2, activation="relu", name="conv1")(image)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = fire(fire(x, "fire2", 8, 16), "fire3", 8, 16)
    x = layers.MaxPooling2D(3, strides=2, name="pool3")(x)
    x = fire(fire(x, "fire4", 12, 24), "fire5", 12, 24)
    x = layers.Dropout(0.5, name="drop")(x)
    x = layers.Conv2D(10, 1, activation="relu", name="conv10")(x)
    x = layers.GlobalAveragePooling2D(name="pool10")(x)
    return k.Model(image, layers.Softmax(name="probability")(x), name="squeezenet")


def text_model(kind: str) -> Callable[[Any], Any]:
    """Return what builds a classifier of words with two layers of class LSTM or GRU."""

    def build(k: Any) -> Any:
        layers = k.layers
        recurrent = getattr(layers, kind)
        words = layers.Input((40,), dtype="int32", name="words")
        x = layers.Embedding(500, 32, mask_zero=True, name="embedding")(words)
        x = recurrent(24, return_sequences=True, name="first")(x)
        x = layers.Dropout(0.2, name="dropout")(x)
        x = recurrent(16, name="second")(x)
        return k.Model(words, layers.Dense(5, activation="softmax", name="label")(x), name="text")

    return build


MODELS: Mapping[str, Callable[[Any], Any]] = {
    "LeNet": image_models.lenet,
    "SqueezeNet": squeezenet,
    "U-Net": image_models.unet,
    "LSTM text": text_model("LSTM"),
    "GRU text": text_model("GRU"),
    "bidirectional text": sequence_models.text,
    "encoder-decoder": sequence_models.recurrent,
    "attention": sequence_models.attention,
    "multi-input/output": image_models.multi_output,
    "Siamese": image_models.siamese,
    "nested": layer_models.nested,
    "Conv1D": layer_models.series,
    "Conv3D": layer_models.volume,
}
"""The models that are built here."""


def build(name: str, k: Any, rng: np.random.Generator) -> Any:
    """Return a model by name, with random weights.

    Args:
        name: a key of `MODELS` or `APPLICATIONS`.
        k: the Keras to build it with.
        rng: where the weights come from.
    """
    shape = (224, 224, 3) if name.startswith("MobileNetV3") else None  # it has no size of its own
    make = MODELS.get(name) or (
        lambda k: getattr(k.applications, name)(weights=None, input_shape=shape)
    )
    model = make(k)
    randomise(model, rng)
    return model


def randomise(model: Any, rng: np.random.Generator) -> None:
    """Replace what Keras starts with zeros or ones; kernels are random already."""
    for variable in model.weights:
        if len(variable.shape) != 1 or "int" in str(variable.dtype):
            continue
        name = str(getattr(variable, "path", variable.name))
        around_one = "gamma" in name or "variance" in name
        value = rng.uniform(0.5, 1.5, variable.shape) if around_one else None
        if value is None:
            value = rng.normal(0, 0.1, variable.shape)
        variable.assign(value.astype(np.float32))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # Normalization computes with a copy
            layer.finalize_state()


def random_inputs(name: str, model: Any, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return one random sample for each input of a model, by the input's name."""
    scale = APPLICATIONS.get(name, 1)
    # Keras 2 gives a Sequential that starts with an Embedding an input of type float32.
    starts_with_words = type(model.layers[0]).__name__ == "Embedding"
    arrays = {}
    for tensor in model.inputs:
        shape = (1, *tensor.shape[1:])
        if "int" in str(tensor.dtype) or starts_with_words:
            dtype = np.float32 if starts_with_words else np.int32
            value = rng.integers(0, 8, shape).astype(dtype)
        elif scale > 1:
            value = rng.uniform(0, scale, shape).astype(np.float32)
        else:
            value = rng.normal(size=shape).astype(np.float32)
        arrays[tensor.name.split(":")[0]] = value
    return arrays
