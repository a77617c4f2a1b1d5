"""Disabled optimizers of ONNX Runtime compute wrong results; without them the results are right."""

import numpy as np
import onnxruntime
import pytest

from onnxfi.converters.disabled_optimizers import DISABLED_OPTIMIZERS
from tests.support.small_graphs import model, node, value


@pytest.mark.parametrize("disabled", [True, False])
def test_factors_of_both_operands_overflow_only_where_they_are_merged(disabled: bool) -> None:
    """The operands are tiny, so the products of scaled operands are finite."""
    nodes = [node("Mul", "x k", "a"), node("Mul", "x k", "b"), node("MatMul", "a b", "y")]
    inputs, outputs = [value("x", [2, 2])], [value("y", [2, 2])]
    proto = model(nodes, inputs, outputs, {"k": np.float32(1e30)})
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(),
        providers=["CPUExecutionProvider"],
        disabled_optimizers=[*DISABLED_OPTIMIZERS] if disabled else [],
    )
    (made,) = session.run(None, {"x": np.array([[1e-30, 0], [0, 1e-30]], np.float32)})
    assert np.isfinite(made).all() == disabled
