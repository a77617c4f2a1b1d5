"""Weights of subgraphs become weights of the main graph."""

import onnxfi
from tests.support.models.odd_models import (
    nested_bodies,
)


def test_weights_of_subgraphs_are_weights() -> None:
    loaded = onnxfi.load(nested_bodies())
    assert loaded.target("c").kind == "weight"
    assert not any(body.initializers for body in loaded.graph.subgraphs())
