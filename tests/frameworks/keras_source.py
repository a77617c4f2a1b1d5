"""Runs a model in Keras, and injects faults by overwriting layers or cutting the model in two."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow
import tf_keras

import onnxfi
from onnxfi.error_models import Corruption
from tests.frameworks.exported import Exported
from tests.frameworks.faults import Faults, overwrite, overwrite_rows
from tests.frameworks.inputs import channels_first, channels_last, draw_inputs, widened
from tests.frameworks.keras_models import MODELS

Family = Literal["tf_keras", "keras"]
FAMILIES = {"tf_keras": tf_keras, "keras": keras}
# Axes of a weight of each rank: a kernel is (rows, columns, in, out) in Keras.
_TO_ONNX = {4: (3, 2, 0, 1), 2: (0, 1), 1: (0,)}
_FROM_TORCH = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}


class KerasSource:
    """A model with random weights, in Keras 2 (tf_keras) or Keras 3 (keras).

    Inputs and outputs of the methods have the channels first. A layer of a nested model is called
    ``model/layer``, and the second call of ``layer`` ``layer@1``.

    Attributes:
        model: the Keras model.
    """

    def __init__(self, name: str, family: Family, *, seed: int = 0) -> None:
        """Build a model of `frameworks.keras_models` and draw its weights."""
        self._keras = FAMILIES[family]
        self._keras.utils.set_random_seed(seed)
        self.model = MODELS[name](self._keras)
        self._leaves = dict(_leaves(self.model))
        rng = np.random.default_rng(seed)
        self._randomise(draw_inputs(name, rng, batch=16), rng)

    def layer_outputs(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the output of every call of every layer."""
        recorded: dict[str, np.ndarray] = {}

        def record(name: str, output: Any) -> Any:
            recorded[name] = channels_first(np.array(output))
            return output

        with self._replaced(record):
            self._run(inputs)
        return recorded

    def outputs(
        self, inputs: Mapping[str, np.ndarray], injections: Sequence[Faults] = ({},)
    ) -> list[list[np.ndarray]]:
        """Return the model's outputs on one sample for each of several faulty executions.

        Row i of one batch is execution i, where the layer's output is overwritten.
        """
        rows = {name: np.repeat(value, len(injections), axis=0) for name, value in inputs.items()}
        for name, tensor in rows.items():
            overwrite_rows(name, tensor, injections)

        def corrupt(name: str, output: Any) -> Any:
            if not any(name in faults for faults in injections):
                return output
            tensor = channels_first(np.array(output))
            overwrite_rows(name, tensor, injections)
            return tensorflow.constant(channels_last(tensor))

        with self._replaced(corrupt):
            batched = self._run(rows)
        return [[x[i : i + 1] for x in batched] for i in range(len(injections))]

    def outputs_by_sub_models(
        self, inputs: Mapping[str, np.ndarray], faults: Faults
    ) -> list[np.ndarray]:
        """Return the outputs with one faulty layer, by cutting the model in two there.

        The second model goes on from the layer, and from each earlier layer that a later one reads.
        """
        ((name, corruption),) = faults.items()
        names = [layer.name for layer in self.model.layers]
        position = names.index(name)
        later = set(map(id, self.model.layers[position + 1 :]))
        crossing = [
            layer.output
            for layer in self.model.layers[:position]
            if any(id(reader) in later for reader in self._readers(layer))
        ]
        cut = [*crossing, self.model.layers[position].output]
        first = self._keras.Model(self.model.inputs, cut)
        second = self._keras.Model(cut, self.model.outputs)
        values = _arrays(first(self._given(inputs), training=False))
        values[-1] = channels_last(overwrite(channels_first(values[-1]), corruption))
        return [channels_first(x) for x in _arrays(second(values, training=False))]

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights as ``<layer path>/<role>`` to value, in the layout of ONNX."""
        return {
            name: np.transpose(variable.numpy(), _TO_ONNX[len(variable.shape)])
            for name, variable in self._variables().items()
        }

    @contextmanager
    def corrupted_weight(self, name: str, corruption: Corruption) -> Iterator[None]:
        """Hold another value in the variable ``<layer path>/<role>`` for a while."""
        variable = self._variables()[name]
        golden = variable.numpy().copy()
        axes = _TO_ONNX[golden.ndim]
        corrupted = overwrite(np.transpose(golden, axes).copy(), corruption)
        variable.assign(np.transpose(corrupted, np.argsort(axes)))
        try:
            yield
        finally:
            variable.assign(golden)

    def take_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Take the weights of the same model in PyTorch, by the names they have there."""
        for path, layer in self._leaves.items():
            roles = ("weight", "bias", "running_mean", "running_var")
            given = [weights[f"{path}.{x}"] for x in roles if f"{path}.{x}" in weights]
            if given:
                layer.set_weights([np.transpose(x, _FROM_TORCH[x.ndim]) for x in given])

    def export(self, folder: Path) -> Exported:
        """Save the model as .h5 and convert it with onnxfi."""
        path = folder / f"{self.model.name}.h5"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns about its legacy format
            self.model.save(path)
        model = onnxfi.load(path)
        tensors = {layer.path: layer.tensor for layer in model.layers}
        return Exported(model, tensors, channels_last=True)

    def _given(self, inputs: Mapping[str, np.ndarray]) -> Any:
        given = [tensorflow.constant(channels_last(x)) for x in inputs.values()]
        return given if len(given) > 1 else given[0]

    def _run(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        outputs = self.model(self._given(inputs), training=False)
        return [channels_first(x) for x in _arrays(outputs)]

    def _readers(self, layer: Any) -> Iterator[Any]:
        """Yield the layers that read a layer's output."""
        for node in layer._outbound_nodes:  # noqa: SLF001
            yield node.outbound_layer if self._keras is tf_keras else node.operation

    def _variables(self) -> dict[str, Any]:
        return {
            f"{path}/{variable.name.split('/')[-1].split(':')[0]}": variable
            for path, layer in self._leaves.items()
            for variable in layer.weights
        }

    @contextmanager
    def _replaced(self, replace: Callable[[str, Any], Any]) -> Iterator[None]:
        """Pass the output of every call of every layer through a function."""
        calls: Counter[str] = Counter()

        def wrap(path: str, original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                number = calls[path]
                calls[path] += 1
                name = f"{path}@{number}" if number else path
                return replace(name, original(*arguments, **options))

            return call

        layers = self._leaves | dict(_nested(self.model))
        originals = {path: layer.call for path, layer in layers.items()}
        for path, layer in layers.items():
            layer.call = wrap(path, layer.call)
        try:
            yield
        finally:
            for path, layer in layers.items():
                layer.call = originals[path]

    def _randomise(self, inputs: Mapping[str, np.ndarray], rng: np.random.Generator) -> None:
        """Vary biases and scales, and give normalisations the statistics of a random batch."""
        normalisations = [x for x in self._leaves.values() if hasattr(x, "momentum")]
        for layer in self._leaves.values():
            layer.set_weights(
                [x + rng.normal(0, 0.2, x.shape) * (x.ndim == 1) for x in layer.get_weights()]
            )
        for layer in normalisations:
            layer.momentum = 0.0
        self.model(self._given(inputs), training=True)
        for layer in normalisations:
            *rest, mean, variance = layer.get_weights()
            layer.set_weights([*rest, mean, widened(mean, variance)])


def _leaves(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and layer of every layer that computes, including nested models."""
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        if hasattr(layer, "layers"):
            yield from _leaves(layer, f"{path}/")
        elif type(layer).__name__ != "InputLayer":
            yield path, layer


def _nested(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and model of every nested model."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield f"{prefix}{layer.name}", layer
            yield from _nested(layer, f"{prefix}{layer.name}/")


def _arrays(values: Any) -> list[np.ndarray]:
    return [np.array(x) for x in (values if isinstance(values, list | tuple) else (values,))]
