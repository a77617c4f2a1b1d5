"""The lanes of a target are those that an injector decides on."""

import numpy as np
import pytest

import onnxfi
from onnxfi.errors import InputError
from onnxfi.injector import lanes_of_target
from tests.support.small_graphs import SMALL_GRAPHS, model, node, random_inputs, value, weights


def network(batch: int | str = "N") -> onnxfi.Model:
    """Return two layers without a rule: lanes can share a run of the second."""
    return onnxfi.load(
        model(
            [
                node("MatMul", "x w", "a"),
                node("MatMul", "a v", "b"),
                node("Relu", "b", "y"),
                node("MatMul", "x w", "unused"),
            ],
            [value("x", [batch, 64])],
            [value("y", [batch, 64])],
            {"w": weights(64, 64), "v": weights(64, 64, seed=1)},
        )
    )


X = {"x": weights(1, 64, seed=2)}


@pytest.mark.parametrize("target", ["a", "w", "v"])
def test_lanes_of_products(target: str) -> None:
    """How many pay is measured; one lane has a reason."""
    decision = lanes_of_target(network(), target, [X], provider="cpu")
    assert decision.lanes >= 1
    assert (decision.lanes == 1) == (decision.reason is not None)


def test_a_target_without_a_reader() -> None:
    decision = lanes_of_target(network(), "unused", [X], provider="cpu")
    assert decision.reason == "No output depends on it: nothing runs."


def test_a_target_that_is_pushed_to_the_outputs() -> None:
    decision = lanes_of_target(network(), "b", [X], provider="cpu")
    assert (decision.lanes, decision.reason) == (
        1,
        "Corruptions are pushed as far as the outputs: nothing runs.",
    )


def test_lanes_behind_pushed_nodes() -> None:
    """The golden tensors at the end of the push region are computed."""
    proto = SMALL_GRAPHS["skips"]()
    decision = lanes_of_target(onnxfi.load(proto), "cat", [random_inputs(proto)], provider="cpu")
    assert decision.lanes >= 1


def test_inputs_must_fit() -> None:
    with pytest.raises(InputError, match="'x'"):
        lanes_of_target(network(), "a", [{"x": np.zeros((1, 3), np.float32)}], provider="cpu")
