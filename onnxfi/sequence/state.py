"""Carries the state of a model from one step to the next."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.onnx_ir import ir
from onnxfi.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class StateMap:
    """Which output of a step feeds which input of the next one.

    Attributes:
        inputs: the input that each output feeds, by the name of the output.
    """

    inputs: Mapping[str, str]

    @classmethod
    def of(cls, model: Model, said: Mapping[str, str]) -> "StateMap":
        """Resolve names, in which one ``*`` stands for any text, the same on both sides.

        Args:
            model: the model.
            said: the input that each output feeds, such as ``{"h_out": "h_in"}`` or
                ``{"present.*": "past_key_values.*"}``.

        Raises:
            InputError: the model has no such output or input, or an input is fed twice.
        """
        outputs = [x.name or "" for x in model.graph.outputs]
        inputs = [x.name or "" for x in model.graph.inputs]
        found: dict[str, str] = {}
        for output, fed in said.items():
            pairs = _expand(output, fed, outputs) if "*" in output else {output: fed}
            if not pairs:
                raise InputError(
                    f"A state must be an output of the model, and none fits {output!r}. It has "
                    f"{', '.join(outputs)}."
                )
            found |= pairs
        for name, known, what in (
            *((x, outputs, "output") for x in found),
            *((x, inputs, "input") for x in found.values()),
        ):
            if name not in known:
                raise InputError(
                    f"The state {name!r} must be an {what} of the model"
                    f"{did_you_mean(name, known)}. It has {', '.join(known)}."
                )
        if len({*found.values()}) < len(found):
            raise InputError("Each input must be fed by one output, and one is fed by several.")
        return cls(found)

    def beginning(
        self, model: Model, feeds: Mapping[str, np.ndarray], initial: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return the state before the first step, by input: as given, otherwise zeros.

        Axes with a name have the length that the name has in the other inputs; without one they are
        empty, such as the past of a cache.

        Args:
            model: the model.
            feeds: the other inputs of the first step.
            initial: the inputs that do not begin as zeros.

        Raises:
            InputError: the type or the rank of a state is unknown.
        """
        values = {x.name or "": x for x in model.graph.inputs}
        lengths: dict[str, int] = {}
        for name, array in feeds.items():
            shape = values[name].shape if name in values else None
            for axis, length in zip(shape or (), np.shape(array), strict=False):
                if isinstance(axis, ir.SymbolicDim) and axis.value is not None:
                    lengths.setdefault(axis.value, length)
        return {
            name: initial[name] if name in initial else _zeros(values[name], lengths)
            for name in self.inputs.values()
        }

    def next(self, outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the state after a step, by input."""
        return {fed: outputs[name] for name, fed in self.inputs.items()}


def _expand(output: str, fed: str, outputs: list[str]) -> dict[str, str]:
    if output.count("*") != 1 or fed.count("*") != 1:
        raise InputError(
            f"A pattern of states must have one * on both sides, got {output!r} and {fed!r}."
        )
    before, after = output.split("*")
    found = {}
    for name in outputs:
        if name.startswith(before) and name.endswith(after) and len(name) > len(before + after):
            found[name] = fed.replace("*", name[len(before) : len(name) - len(after)])
    return found


def _zeros(value: ir.Value, lengths: Mapping[str, int]) -> np.ndarray:
    if value.shape is None or value.dtype is None:
        raise InputError(
            f"The state {value.name!r} must have a known type and rank to begin with zeros. Give "
            "it in `initial`."
        )
    shape = [x if isinstance(x, int) else lengths.get(str(x.value), 0) for x in value.shape]
    return np.zeros(shape, value.dtype.numpy())
