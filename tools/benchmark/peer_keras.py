"""The sub-model method of Keras tools, with one thread."""

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from timing import Repeated

from onnxfi.error_models import BitFlip

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

# Layers at which the model is in two parts; the method needs more models elsewhere.
_MAKERS: dict[str, tuple[Callable[..., keras.Model], Callable[[str], bool]]] = {
    "keras_vgg16": (keras.applications.VGG16, lambda name: "conv" in name),
    "keras_resnet50": (keras.applications.ResNet50, lambda name: name.endswith("block1_out")),
}
MODELS = tuple(_MAKERS)


def export(name: str, path: Path) -> tuple[keras.Model, list[str]]:
    """Write a model with random weights to an .h5 file; return it and layers to inject into."""
    maker, suits = _MAKERS[name]
    keras.utils.set_random_seed(0)
    model = maker(weights=None)
    model.save(path)
    return model, [layer.name for layer in model.layers if suits(layer.name)]


class SubModels:
    """Injections into a layer by the models before and behind it."""

    def __init__(self, model: keras.Model, layer: str, image: np.ndarray) -> None:
        """Build the models of the kind version, and run the first."""
        self._model = model
        self._layer = layer
        self._image = image
        self._rng = np.random.default_rng(0)
        before, self._behind = self._build()
        self._golden = before.predict(image, verbose=0)

    def things(self) -> list[Repeated]:
        """Return the method as published, and the kind version."""
        return [self._published, self._kind]

    def _published(self, count: int) -> None:
        for _ in range(count):
            before, behind = self._build()
            behind.predict(self._corrupt(before.predict(self._image, verbose=0)), verbose=0)

    def _kind(self, count: int) -> None:
        for _ in range(count):
            np.asarray(self._behind(self._corrupt(self._golden), training=False))

    def _build(self) -> tuple[keras.Model, keras.Model]:
        output = self._model.get_layer(self._layer).output
        return keras.Model(self._model.input, output), keras.Model(output, self._model.output)

    def _corrupt(self, golden: np.ndarray) -> np.ndarray:
        return BitFlip().sample(golden, channel_axis=None, rng=self._rng).apply(golden)
