"""Tests that both dialects of a configuration parse to the same graph of calls."""

import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from onnxfi.converters.keras_files.call_arguments import TensorReference
from onnxfi.converters.keras_files.graph import parse_model
from onnxfi.errors import ModelFormatError, UnsupportedLayerError

INPUT = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 4]}}


def relu(nodes: list[Any]) -> dict[str, Any]:
    """Return a ReLU with the given inbound nodes."""
    return {
        "class_name": "ReLU",
        "config": {"name": "relu", "trainable": True},
        "inbound_nodes": nodes,
    }


def functional(nodes: list[Any], output: list[Any]) -> dict[str, Any]:
    """Return the configuration of an input and a ReLU."""
    config = {
        "name": "model",
        "layers": [INPUT, relu(nodes)],
        "input_layers": [["x", 0, 0]],
        "output_layers": [output],
    }
    return {"class_name": "Functional", "config": config}


def keras_tensor(layer: str, call: int) -> dict[str, Any]:
    """Return a tensor as Keras 3 writes it."""
    config = {"shape": [None, 4], "dtype": "float32", "keras_history": [layer, call, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def test_both_dialects_give_the_same_calls() -> None:
    keras_2 = parse_model(functional([[["x", 0, 0, {}]], [["relu", 0, 0, {}]]], ["relu", 1, 0]))
    nodes = [{"args": [keras_tensor("x", 0)], "kwargs": {}}]
    nodes.append({"args": [keras_tensor("relu", 0)], "kwargs": {}})
    keras_3 = parse_model(functional(nodes, ["relu", 1, 0]))
    assert keras_2 == keras_3
    assert [call.number for call in keras_2.calls] == [0, 1]
    assert keras_2.outputs == (TensorReference("relu", 1, 0),)


def test_calls_are_numbered_from_0_where_keras_2_counts_from_1() -> None:
    model = parse_model(functional([[["x", 0, 0, {}]]], ["relu", 1, 0]))
    assert model.outputs == (TensorReference("relu", 0, 0),)


def test_calls_are_put_in_an_order_in_which_they_can_run() -> None:
    model = parse_model(functional([[["relu", 1, 0, {}]], [["x", 0, 0, {}]]], ["relu", 0, 0]))
    assert [call.number for call in model.calls] == [1, 0]


def test_calls_in_a_circle_are_refused() -> None:
    with pytest.raises(ModelFormatError, match="inputs never come: 'relu'"):
        parse_model(functional([[["relu", 0, 0, {}]]], ["relu", 0, 0]))


def test_another_class_of_model_is_refused() -> None:
    with pytest.raises(UnsupportedLayerError, match="is not a Sequential or Functional model"):
        parse_model({"class_name": "Mine", "config": {"name": "mine"}})


def chain(count: int, order: int) -> dict[str, Any]:
    """Return a chain of ReLUs, in the order of the calls (1) or against it (-1)."""
    names = ["x", *(f"relu{i}" for i in range(count))]
    layers = [{**relu([[[before, 0, 0, {}]]]), "name": name} for before, name in pairwise(names)]
    config = {
        "name": "model",
        "layers": [INPUT, *layers[::order]],
        "input_layers": [["x", 0, 0]],
        "output_layers": [[names[-1], 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


def count_calls(function: Callable[[], object]) -> int:
    """Return how many functions a function calls."""
    calls = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("order", [1, -1])
def test_long_chains_take_linear_time(order: int) -> None:
    short, long = chain(100, order), chain(400, order)
    assert [x.layer.name for x in parse_model(long).calls] == [f"relu{i}" for i in range(400)]
    few = count_calls(lambda: parse_model(short))
    assert count_calls(lambda: parse_model(long)) < 4.4 * few


def test_calls_against_the_order_of_the_file_come_in_rounds() -> None:
    config = chain(4, 1)["config"]
    x, first, second, third, fourth = config["layers"]
    config["layers"] = [x, second, first, fourth, third]
    model = parse_model({"class_name": "Functional", "config": config})
    assert [x.layer.name for x in model.calls] == ["relu0", "relu1", "relu2", "relu3"]


def test_calls_that_wait_for_each_other_are_refused() -> None:
    config = chain(3, 1)["config"]
    config["layers"][2]["inbound_nodes"] = [[["relu2", 0, 0, {}]]]
    with pytest.raises(ModelFormatError, match="never come: 'relu1', 'relu2'"):
        parse_model({"class_name": "Functional", "config": config})
