"""Runs one recurrent cell over a sequence with the operators LSTM, GRU and RNN of ONNX."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnxfi.converters.recurrent.cell import Cell
from onnxfi.converters.translation.graph_builder import GraphBuilder

_OPERATORS = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}

# Order of the gates in ONNX, by their number in Keras. LSTM: input, output, forget, cell.
_GATE_ORDER = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2), "SimpleRNN": (0,)}


@dataclass(frozen=True, slots=True)
class Run:
    """The results of a cell on a sequence, as names of tensors; ``""`` if not requested.

    Attributes:
        sequence: its output at each step, (batch, time, units).
        states: its states after the last step that counts, (batch, units) each.
    """

    sequence: str
    states: tuple[str, ...]


def run_operator(
    cell: Cell,
    sequence: str,
    states: Sequence[str],
    lengths: str | None,
    graph: GraphBuilder,
    *,
    with_sequence: bool,
    states_wanted: int,
) -> Run:
    """Run a cell whose activations ONNX supports.

    Args:
        cell: the cell.
        sequence: its input, (batch, time, features).
        states: its first states, (batch, units) each; none for zeros.
        lengths: number of steps that count in each sequence, int32, from 1 on; None for all.
        graph: the graph that grows.
        with_sequence: whether to return the output of each step.
        states_wanted: number of last states to return.
    """
    attributes = cell.onnx_activations() or {}
    if cell.kind == "GRU":
        attributes["linear_before_reset"] = int(cell.resets_after)
    kernels = {"kernel": cell.kernel, "recurrent_kernel": cell.recurrent_kernel}
    inputs = [
        graph.operator("Transpose", [sequence], perm=[1, 0, 2]),
        *(
            graph.weight(cell.weights_path, role, _reordered(cell, kernel).T[np.newaxis])
            for role, kernel in kernels.items()
        ),
        graph.weight(cell.weights_path, "bias", _biases(cell)),
        lengths or "",
        *(_with_direction(state, graph) for state in states),
    ]
    outputs = ["Y" if with_sequence else "", *("Y_h", "Y_c")[:states_wanted]]
    whole, *last = graph.operators(
        _OPERATORS[cell.kind], inputs, outputs, hidden_size=cell.units, **attributes
    )
    if whole:
        # (time, direction, batch, units)
        whole = graph.operator("Squeeze", [whole, graph.integers("axes", [1])])
        whole = graph.operator("Transpose", [whole], perm=[1, 0, 2])
    last = [graph.operator("Squeeze", [x, graph.integers("axes", [0])]) for x in last]
    return Run(whole, tuple(last))


def _reordered(cell: Cell, weight: NDArray[np.float32]) -> NDArray[np.float32]:
    order = _GATE_ORDER[cell.kind]
    gates = np.split(weight, len(order), axis=-1)
    return np.concatenate([gates[gate] for gate in order], axis=-1)


def _biases(cell: Cell) -> NDArray[np.float32]:
    biases = [_reordered(cell, bias) for bias in (cell.input_bias, cell.recurrent_bias)]
    return np.concatenate(biases)[np.newaxis]


def _with_direction(state: str, graph: GraphBuilder) -> str:
    return graph.operator("Unsqueeze", [state, graph.integers("axes", [0])])
