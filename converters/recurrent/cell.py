"""Describes a recurrent cell: its options, weights, and activations in ONNX."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.layers.activation_functions import HARD_SIGMOID_SLOPE
from onnxfi.converters.options.known import (
    IDLE_ENDINGS,
    IN_TRAINING,
    SAME_NUMBERS,
    SEED,
    KnownOptions,
    layer_options,
)
from onnxfi.converters.options.refusals import class_of
from onnxfi.converters.translation.layer_call import Options, WeightRole

_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}

# Activations that the recurrent operators of ONNX support: function, alpha, beta.
_FUNCTIONS: Mapping[str, tuple[str, float | None, float | None]] = {
    "elu": ("Elu", 1.0, None),
    "leaky_relu": ("LeakyRelu", 0.2, None),
    "linear": ("Affine", 1.0, 0.0),
    "relu": ("Relu", None, None),
    "sigmoid": ("Sigmoid", None, None),
    "softplus": ("Softplus", None, None),
    "softsign": ("Softsign", None, None),
    "tanh": ("Tanh", None, None),
}


@dataclass(frozen=True, slots=True)
class CellOptions:
    """The configuration of one cell.

    Attributes:
        kind: LSTM, GRU or SimpleRNN.
        options: the options of the cell; for a built-in cell, the layer's own.
        prefix: prefix of the roles of its weights, in a layer of several cells.
    """

    kind: str
    options: Options
    prefix: str = ""

    def roles(self) -> tuple[WeightRole, ...]:
        """Return the weights of the cell, in the order of the file."""
        names = ["kernel", "recurrent_kernel"]
        if self.options.flag("use_bias", True):
            names.append("bias")
        trainable = self.options.flag("trainable", True)
        return tuple(WeightRole(f"{self.prefix}{name}", trainable) for name in names)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with its weights, in the layout and the order of gates of Keras.

    LSTM has the gates input, forget, cell, output; GRU has update, reset, hidden.

    Attributes:
        kind: LSTM, GRU or SimpleRNN.
        options: its options.
        units: size of its state.
        kernel: (features, gates * units).
        recurrent_kernel: (units, gates * units).
        input_bias: (gates * units).
        recurrent_bias: (gates * units); zero except in a GRU that resets after the product.
        weights_path: prefix of the names of its weights.
    """

    kind: str
    options: Options
    units: int
    kernel: NDArray[np.float32]
    recurrent_kernel: NDArray[np.float32]
    input_bias: NDArray[np.float32]
    recurrent_bias: NDArray[np.float32]
    weights_path: str

    @property
    def state_count(self) -> int:
        """Number of states: the hidden state and, for LSTM, the cell state."""
        return 2 if self.kind == "LSTM" else 1

    @property
    def resets_after(self) -> bool:
        """Whether a GRU applies its reset gate after the product with the recurrent kernel."""
        return self.kind == "GRU" and self.options.flag("reset_after", False)

    def activation(self) -> Any:
        """Return the activation of the output."""
        return self.options.values.get("activation", "tanh")

    def recurrent_activation(self) -> Any:
        """Return the activation of the gates."""
        return self.options.values.get("recurrent_activation", "sigmoid")

    def onnx_activations(self) -> dict[str, Any] | None:
        """Return the activations as attributes of ONNX; None if ONNX does not support them."""
        activations = {
            "LSTM": [self.recurrent_activation(), self.activation(), self.activation()],
            "GRU": [self.recurrent_activation(), self.activation()],
            "SimpleRNN": [self.activation()],
        }[self.kind]
        slope = HARD_SIGMOID_SLOPE[self.options.keras_major]
        known = {**_FUNCTIONS, "hard_sigmoid": ("HardSigmoid", slope, 0.5)}
        names = ["linear" if activation is None else activation for activation in activations]
        if not all(isinstance(name, str) and name in known for name in names):
            return None
        functions, alphas, betas = zip(*(known[name] for name in names), strict=True)
        attributes: dict[str, Any] = {"activations": list(functions)}
        for key, values in (("activation_alpha", alphas), ("activation_beta", betas)):
            given = [value for value in values if value is not None]
            if given:
                attributes[key] = given
        return attributes


def cell_options(options: Options) -> tuple[CellOptions, ...]:
    """Return the cells of a recurrent layer; each runs on the output of the previous one.

    Raises:
        ModelFormatError: the configuration of a cell is damaged.
        UnsupportedLayerError: a cell is of another class.
    """
    if options.layer_class in _GATES:
        return (CellOptions(options.layer_class, options),)
    kind, config = _cell_entry(options, options.get("cell"))
    if kind != "StackedRNNCells":
        return (_one_cell(options, kind, config, ""),)
    if config.get("reverse_state_order"):
        raise options.unsupported("has the states of its cells in reverse order")
    entries = config.get("cells")
    if not isinstance(entries, list) or not entries:
        raise options.wrong("cells", entries, "a list of cells")
    return tuple(
        _one_cell(options, *_cell_entry(options, entry), f"{index}/")
        for index, entry in enumerate(entries)
    )


def build_cell(
    cell: CellOptions,
    features: int,
    weight: Callable[[str, tuple[int, ...]], NDArray[np.float32]],
    weights_path: str,
) -> Cell:
    """Return a cell with its weights.

    Args:
        cell: its configuration.
        features: size of its input.
        weight: returns the weight of a role, after a check of its shape.
        weights_path: path of the layer.

    Raises:
        ModelFormatError: a weight has another shape than the configuration asks for.
    """
    options = cell.options
    units = options.size("units")
    width = _GATES[cell.kind] * units
    # Read first, so that arrays of this width are no larger than the file.
    kernel = weight(f"{cell.prefix}kernel", (features, width))
    two_biases = cell.kind == "GRU" and options.flag("reset_after", False)
    biases = np.zeros((2, width), np.float32)
    if options.flag("use_bias", True):
        role = f"{cell.prefix}bias"
        if two_biases:
            biases = weight(role, (2, width))
        else:
            biases[0] = weight(role, (width,))
    return Cell(
        cell.kind,
        options,
        units,
        kernel,
        weight(f"{cell.prefix}recurrent_kernel", (units, width)),
        biases[0],
        biases[1],
        f"{weights_path}/{cell.prefix}".rstrip("/"),
    )


def _cell_entry(options: Options, entry: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(entry, dict) and isinstance(entry.get("config"), dict):
        return class_of(entry), entry["config"]
    raise options.wrong("cell", entry, "a cell with a class_name and a config")


def _one_cell(
    options: Options, layer_class: str, config: Mapping[str, Any], prefix: str
) -> CellOptions:
    kind = layer_class.removesuffix("Cell")
    if kind == layer_class or kind not in _GATES:
        raise options.unsupported(f"has a cell of class {layer_class!r}")
    inner = Options(options.path, options.layer_class, config, options.keras_major)
    return CellOptions(kind, inner, prefix)


CELL_IDLE = {
    "dropout": IN_TRAINING,
    "implementation": SAME_NUMBERS,
    "recurrent_dropout": IN_TRAINING,
    "seed": SEED,
    "unit_forget_bias": IDLE_ENDINGS["_initializer"],
}
"""Options of a cell that do not affect inference, with the reasons."""

RUN_OPTIONS = ("return_sequences", "return_state", "go_backwards", "stateful")
"""Options of a layer that runs a cell over a sequence."""

SIMPLE_OPTIONS = ("units", "activation", "use_bias")
"""Options that SimpleRNN reads as a cell."""

LSTM_OPTIONS = (*SIMPLE_OPTIONS, "recurrent_activation")
"""Options that LSTM reads as a cell."""

GRU_OPTIONS = (*LSTM_OPTIONS, "reset_after")
"""Options that GRU reads as a cell."""

CELLS: Mapping[str, KnownOptions] = {
    "GRUCell": layer_options(*GRU_OPTIONS, idle=CELL_IDLE),
    "LSTMCell": layer_options(*LSTM_OPTIONS, idle=CELL_IDLE),
    "SimpleRNNCell": layer_options(*SIMPLE_OPTIONS, idle=CELL_IDLE),
    "StackedRNNCells": layer_options("cells", fixed={"reverse_state_order": False}),
}
"""The options of each class of cell."""
