"""Runs one recurrent cell step by step in a Scan, for activations that ONNX's operators lack.

The formulas follow ``call`` of LSTMCell, GRUCell and SimpleRNNCell in Keras.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from onnxfi.converters.layers.activation import apply_activation
from onnxfi.converters.recurrent.cell import Cell
from onnxfi.converters.recurrent.operators import Run
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.sequences import indices, zero_state
from onnxfi.converters.translation.tensor import Tensor


def run_steps(
    cell: Cell, sequence: str, states: Sequence[str], lengths: str | None, graph: GraphBuilder
) -> Run:
    """Run any cell.

    Args:
        cell: the cell.
        sequence: its input, (batch, time, features).
        states: its first states, (batch, units) each; none for zeros.
        lengths: number of steps that count in each sequence, int32; None for all.
        graph: the graph that grows.

    Raises:
        UnsupportedLayerError: an activation has no translation.
    """
    path = cell.weights_path
    product = graph.operator("MatMul", [sequence, graph.weight(path, "kernel", cell.kernel)])
    projected = graph.operator("Add", [product, graph.weight(path, "bias", cell.input_bias)])
    steps = [graph.operator("Transpose", [projected], perm=[1, 0, 2])]
    if lengths is not None:
        steps.append(_counting(steps[0], lengths, graph))
    if not states:
        states = [zero_state(sequence, cell.units, graph)] * cell.state_count

    body = graph.body()
    names = [f"state_{i}" for i in range(cell.state_count)]
    old = [body.add_body_input(name, (None, cell.units)) for name in names]
    step = body.add_body_input("step", (None, cell.kernel.shape[1]))
    new = _Step(cell, body, graph).run(step, old)
    if lengths is not None:
        counts = body.add_body_input("counts", (None, 1), "bool")
        new = [body.operator("Where", [counts, *pair]) for pair in zip(new, old, strict=True)]
    output = body.operator("Identity", new[:1])
    *last, whole = graph.operators(
        "Scan",
        [*states, *steps],
        [*names, "sequence"],
        body=body.build_body([*new, output], (None, cell.units)),
        num_scan_inputs=len(steps),
    )
    return Run(graph.operator("Transpose", [whole], perm=[1, 0, 2]), tuple(last))


def _counting(steps: str, lengths: str, graph: GraphBuilder) -> str:
    """Return the steps that count in each sequence: bool, (time, batch, 1)."""
    times = graph.operator("Unsqueeze", [indices(steps, 0, graph), graph.integers("axes", [1, 2])])
    ends = graph.operator("Cast", [lengths], to=TensorProto.INT64)
    ends = graph.operator("Unsqueeze", [ends, graph.integers("axes", [1])])
    return graph.operator("Less", [times, ends])


class _Step:
    """One step of a cell, in the body of a Scan."""

    def __init__(self, cell: Cell, body: GraphBuilder, graph: GraphBuilder) -> None:
        self.cell = cell
        self.body = body
        path = cell.weights_path
        if cell.resets_after:
            self.bias = graph.weight(path, "recurrent_bias", cell.recurrent_bias)
        parts = {"recurrent_kernel": cell.recurrent_kernel}
        if cell.kind == "GRU" and not cell.resets_after:
            gates, candidate = np.split(cell.recurrent_kernel, [2 * cell.units], axis=1)
            parts = {"recurrent_kernel_gates": gates, "recurrent_kernel_candidate": candidate}
        self.kernels = [graph.weight(path, role, part) for role, part in parts.items()]

    def run(self, step: str, states: Sequence[str]) -> list[str]:
        """Return the new states; `step` is the input times the kernel, with its bias."""
        if self.cell.kind == "LSTM":
            return self._lstm(step, *states)
        if self.cell.kind == "GRU":
            return [self._gru(step, *states)]
        total = self._op("Add", step, self._op("MatMul", states[0], self.kernels[0]))
        return [self._activate(total)]

    def _lstm(self, step: str, hidden: str, memory: str) -> list[str]:
        total = self._op("Add", step, self._op("MatMul", hidden, self.kernels[0]))
        enter, forget, candidate, leave = self._gates(total, 4)
        kept = self._op("Mul", self._activate_gate(forget), memory)
        added = self._op("Mul", self._activate_gate(enter), self._activate(candidate))
        memory = self._op("Add", kept, added)
        return [self._op("Mul", self._activate_gate(leave), self._activate(memory)), memory]

    def _gru(self, step: str, hidden: str) -> str:
        update, reset, candidate = self._gates(step, 3)
        if self.cell.resets_after:
            product = self._op("Add", self._op("MatMul", hidden, self.kernels[0]), self.bias)
            from_update, from_reset, inner = self._gates(product, 3)
        else:
            from_update, from_reset = self._gates(self._op("MatMul", hidden, self.kernels[0]), 2)
        update = self._activate_gate(self._op("Add", update, from_update))
        reset = self._activate_gate(self._op("Add", reset, from_reset))
        if self.cell.resets_after:
            inner = self._op("Mul", reset, inner)
        else:
            inner = self._op("MatMul", self._op("Mul", reset, hidden), self.kernels[1])
        candidate = self._activate(self._op("Add", candidate, inner))
        # update * hidden + (1 - update) * candidate
        rest = self._op("Sub", self.body.numbers("one", 1), update)
        return self._op("Add", self._op("Mul", update, hidden), self._op("Mul", rest, candidate))

    def _op(self, op_type: str, *inputs: str) -> str:
        return self.body.operator(op_type, inputs)

    def _gates(self, tensor: str, count: int) -> tuple[str, ...]:
        sizes = self.body.integers("sizes", [self.cell.units] * count)
        names = [f"gate_{i}" for i in range(count)]
        return self.body.operators("Split", [tensor, sizes], names, axis=1)

    def _activate(self, tensor: str) -> str:
        return self._apply(self.cell.activation(), tensor)

    def _activate_gate(self, tensor: str) -> str:
        return self._apply(self.cell.recurrent_activation(), tensor)

    def _apply(self, activation: Any, tensor: str) -> str:
        source = Tensor(tensor, (None, self.cell.units))
        return apply_activation(self.cell.options, activation, source, self.body).name
