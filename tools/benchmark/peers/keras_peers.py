"""Times the sub-model method of Keras tools, with one thread."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import absl.logging
import keras
import numpy as np
import tensorflow as tf

import onnxfi
from onnxfi.error_models import BitFlip
from tests.frameworks import keras_models
from tools.benchmark.models import Benchmarked
from tools.benchmark.peers.peer import Peer
from tools.benchmark.timing import Repeated

absl.logging.set_verbosity(absl.logging.ERROR)  # they advise against all that the method does
tf.get_logger().setLevel("ERROR")
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

#: The ways to inject, and the bars.
BARS: dict[str, float | None] = {
    "Keras sub-models, as published": 25.0,
    "Keras sub-models, kind": None,
}

# Convolutions at which the model is in two parts; the method needs more models elsewhere.
_MAKERS: dict[str, tuple[Callable[[], keras.Model], Callable[[str], bool]]] = {
    "keras_squeezenet": (
        lambda: keras_models.squeezenet(keras, size=224),
        lambda name: name.endswith(".squeeze") or name.startswith("conv"),
    ),
    "keras_unet": (
        lambda: keras_models.unet(keras, width=32, size=224),
        lambda name: name.startswith(("down1.conv", "up1.convs.conv")),
    ),
    "keras_resnet50": (
        lambda: keras.applications.ResNet50(weights=None),
        lambda name: name == "conv1_conv" or name.endswith("block1_out"),
    ),
    "keras_vgg16": (
        lambda: keras.applications.VGG16(weights=None),
        lambda name: "conv" in name,
    ),
}
MODELS: tuple[str, ...] = tuple(_MAKERS)


def peers_of(name: str, folder: Path, count: int) -> Iterator[Peer]:
    """Yield what to run at some layers of a model, which gets random weights."""
    make, suits = _MAKERS[name]
    keras.utils.set_random_seed(0)
    source, path = make(), folder / "model.h5"
    source.save(path)
    model = onnxfi.load(path)
    (graph_input,) = model.graph.inputs
    shape = (1, *source.input_shape[1:])
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    benchmarked = Benchmarked(name, path, model, {graph_input.name or "": image})
    layers = [layer.name for layer in source.layers if suits(layer.name)]
    for number in np.linspace(0, len(layers) - 1, count).round().astype(int):
        things = SubModels(source, layers[number], image).things()
        yield Peer(benchmarked, model.target(layers[number]), things, (1, 1))


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
