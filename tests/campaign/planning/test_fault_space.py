"""The shapes that targets have with the inputs of a campaign."""

from pathlib import Path
from typing import Any

import numpy as np

from onnxfi.campaign.inputs import read_inputs
from onnxfi.campaign.planning.fault_space import target_shapes
from onnxfi.configuration import Inputs
from onnxfi.graph import load
from tests.support.small_graphs import model, node, value


def test_a_name_that_two_lengths_have_tells_nothing(tmp_path: Path) -> None:
    loaded = load(
        model(
            [node("Relu", "a", "x"), node("Relu", "b", "y"), node("Relu", "c", "z")],
            [value("a", ["N", "len"]), value("b", ["N", "len"]), value("c", ["N", "other"])],
            [value("x", ["N", "len"]), value("y", ["N", "len"]), value("z", ["N", "other"])],
        )
    )
    shapes = {"a": (3, 5), "b": (3, 2), "c": (3, 4)}
    arrays: dict[str, Any] = {k: np.ones(x, np.float32) for k, x in shapes.items()}
    np.savez(tmp_path / "in.npz", **arrays)
    source = read_inputs(loaded, Inputs(file=tmp_path / "in.npz"))
    targets = [loaded.target(x) for x in ("x", "y", "z")]
    found = target_shapes(loaded, targets, source)
    assert [found[x] for x in targets] == [(1, 5), (1, 2), (1, 4)]
