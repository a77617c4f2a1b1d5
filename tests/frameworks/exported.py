"""Runs an exported ONNX model, and injects faults into it with onnxfi."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar

import numpy as np

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.runtime import Session
from tests.frameworks.faults import Faults
from tests.frameworks.inputs import channels_first, channels_last


@dataclass(frozen=True, slots=True)
class Given:
    """An error model with a given corruption."""

    name: ClassVar[str] = "given"
    corruption: Corruption

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Return the corruption."""
        return self.corruption

    def to_dict(self) -> dict[str, Any]:
        """Not needed here."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Exported:
    """A model in ONNX and its layers.

    Attributes:
        model: the model.
        tensors: name of a layer or an input in the source framework to name of the tensor; a
            weight has one name in both.
        channels_last: whether inputs and outputs have the layout of Keras.
    """

    model: onnxfi.Model
    tensors: Mapping[str, str]
    channels_last: bool

    def layer_outputs(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the golden tensor of every layer, channels first."""
        exposed = onnxfi.expose(self.model, dict.fromkeys(self.tensors.values()))
        values = Session(exposed, provider="cpu", threads=None).run(self._given(inputs))
        outputs = {}
        for layer, tensor in self.tensors.items():
            axis = self._channel_axis(self.model.target(tensor))
            outputs[layer] = (
                values[tensor] if axis is None else np.moveaxis(values[tensor], axis, 1)
            )
        return outputs

    def outputs(
        self, inputs: Mapping[str, np.ndarray], injections: Sequence[Faults]
    ) -> list[list[np.ndarray]]:
        """Return the outputs of each of several faulty executions, channels first."""
        outputs: list[list[np.ndarray]] = []
        for layers, group in groupby(injections, key=tuple):
            targets = [self.model.target(self.tensors.get(x, x)) for x in layers]
            with onnxfi.Injector(self.model, targets, provider="cpu", threads=1) as injector:
                golden = injector.golden(self._given(inputs))
                for faults in group:
                    given = [
                        Given(self._stored(faults[layer], golden.targets[target.tensor], target))
                        for layer, target in zip(layers, targets, strict=True)
                    ]
                    (injection,) = injector.inject(golden, given)
                    outputs.append([self._canonical(x) for x in injection.outputs.values()])
        return outputs

    def _given(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            self.tensors[name]: np.ascontiguousarray(channels_last(x)) if self.channels_last else x
            for name, x in inputs.items()
        }

    def _canonical(self, output: np.ndarray) -> np.ndarray:
        return channels_first(output) if self.channels_last else output

    def _stored(
        self, corruption: Corruption, golden: np.ndarray, target: onnxfi.Target
    ) -> Corruption:
        """Return a corruption with sites that are flat indices into the stored tensor."""
        axis = self._channel_axis(target)
        if axis is None:
            return corruption
        sizes = list(golden.shape)
        sizes.insert(1, sizes.pop(axis))
        sites = list(np.unravel_index(corruption.indices, sizes))
        sites.insert(axis, sites.pop(1))
        return Corruption(np.ravel_multi_index(tuple(sites), golden.shape), corruption.values)

    def _channel_axis(self, target: onnxfi.Target) -> int | None:
        """Return the last axis of Keras; None if there is only one layout."""
        if not self.channels_last or target.kind == "weight" or len(target.shape or ()) != 4:
            return None
        layouts = {layer.tensor: layer.layout for layer in self.model.layers}
        return 1 if layouts[target.tensor] == "channels_first" else 3
