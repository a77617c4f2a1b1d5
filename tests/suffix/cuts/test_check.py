"""A region that ONNX Runtime does not leave apart is not used."""

from collections.abc import Mapping
from unittest import mock

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.runtime import Session
from onnxfi.suffix import RunSettings, route
from onnxfi.suffix.cuts.check import gives_the_same, is_known
from onnxfi.suffix.phases import region
from onnxfi.suffix.phases.region import find_push_region
from tests.support.record_checks import assert_same
from tests.support.small_graphs import model, node, value, weights


def scaled_product(reader: str = "MatMul") -> onnxfi.Model:
    """A factor between two products."""
    nodes = [node("MatMul", "x w", "t"), node("Mul", "t k", "u"), node(reader, "u v", "y")]
    given = {"w": weights(24, 40), "k": weights(), "v": weights(40, 8, seed=1)}
    return onnxfi.load(model(nodes, [value("x", [5, 24])], [value("y", None)], given))


def test_only_known_operators_need_no_check() -> None:
    for reader, known in (("MatMul", False), ("Gemm", True)):
        (stage,) = onnxfi.split(scaled_product(reader), "t").stages
        with mock.patch.object(region, "held_together", return_value=set()):
            found = find_push_region(stage)
        assert found.nodes
        assert is_known(found) == known
        assert is_known(find_push_region(stage, propagation=False))


@pytest.mark.parametrize("shift", [0.0, 1e-6])
def test_bits_are_compared(shift: float) -> None:
    whole = scaled_product()
    session = Session(whole, threads=1)

    def parts(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"y": session.run(values)["y"] * np.float32(1 + shift)}

    assert gives_the_same(parts, whole, {"x": weights(5, 24)}, RunSettings(threads=1)) == (
        shift == 0
    )


def normalized_sum() -> onnxfi.Model:
    """What adds to a tensor is merged with the normalization that follows."""
    nodes = [
        node("MatMul", "x w", "t"),
        node("Add", "t s", "u"),
        node("LayerNormalization", "u scale bias", "y"),
    ]
    given = {"w": weights(24, 40), "scale": weights(40, seed=2), "bias": weights(40, seed=3)}
    inputs = [value("x", [2, 5, 24]), value("s", [2, 5, 40])]
    return onnxfi.load(model(nodes, inputs, [value("y", None)], given))


def test_a_merge_that_is_not_known_leaves_no_region() -> None:
    loaded, feeds = (
        normalized_sum(),
        {"x": weights(2, 5, 24, seed=2), "s": weights(2, 5, 40, seed=4)},
    )
    found = []
    with (
        mock.patch.object(region, "held_together", return_value=set()),
        mock.patch.object(route, "find_push_region", side_effect=find_push_region) as finding,
    ):
        for propagation in (True, False):
            with onnxfi.Injector(
                *(loaded, "t"),
                provider="cpu",
                threads=1,
                lanes="auto" if propagation else 1,
                propagation=propagation,
            ) as injector:
                found.append(list(injector.inject(injector.golden(feeds), BitFlip(), count=100)))
    assert_same(*found)
    assert finding.call_count == 3  # with a region, then without; and without
