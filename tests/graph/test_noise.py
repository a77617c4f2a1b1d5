"""Nodes that draw random numbers are found."""

from collections.abc import Callable

import onnx
import pytest

import onnxfi
from onnxfi.graph.noise import describe_noise, draws_noise, is_dropout, only_draws, training_mode
from tests.support.models.noisy_models import MODELS, drawn_in_a_body, dropout
from tests.support.small_graphs import SMALL_GRAPHS


@pytest.mark.parametrize("make", MODELS)
def test_noise_is_found(make: Callable[[], onnx.ModelProto]) -> None:
    assert any(map(draws_noise, onnxfi.load(make()).graph))


@pytest.mark.parametrize("name", SMALL_GRAPHS)
def test_other_graphs_draw_nothing(name: str) -> None:
    assert not any(map(draws_noise, onnxfi.load(SMALL_GRAPHS[name]()).graph))


@pytest.mark.parametrize(("training", "draws"), [(True, True), (False, False), (None, True)])
def test_a_dropout_draws_in_training_mode(training: bool | None, draws: bool) -> None:
    (node,) = filter(is_dropout, onnxfi.load(dropout(training=training)).graph)
    assert draws_noise(node) is draws
    assert not only_draws(node)  # it outputs its data as well
    assert training_mode(node) is not None


def test_a_description_names_the_operators_in_a_body() -> None:
    graph = onnxfi.load(drawn_in_a_body()).graph
    (node,) = filter(draws_noise, graph)
    assert describe_noise(node).startswith(f"'{node.name}' ({node.op_type} with Random")
