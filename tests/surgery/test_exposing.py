"""Inner tensors become outputs."""

import numpy as np

import onnxfi
from onnxfi.runtime import Session
from tests.support.small_graphs import chain, random_inputs


def test_one_target_or_several() -> None:
    model = onnxfi.load(chain())
    cases: list[tuple[onnxfi.Targets, list[str]]] = [
        ("a", ["y", "a"]),
        (["b", model.target("a"), "y", "b"], ["y", "b", "a"]),  # each once, after the model's own
        ([], ["y"]),
    ]
    for targets, expected in cases:
        exposed = onnxfi.expose(model, targets)
        assert [x.name for x in exposed.graph.outputs] == expected
    assert [x.name for x in model.graph.outputs] == ["y"]


def test_values_stay() -> None:
    feeds = random_inputs(chain())
    model = onnxfi.load(chain())
    outputs = Session(onnxfi.expose(model, ["a", "b", "w"])).run(feeds)
    np.testing.assert_array_equal(outputs["b"], np.maximum(outputs["a"], 0))
    np.testing.assert_array_equal(outputs["y"], Session(model).run(feeds)["y"])
    assert outputs["w"].shape == (4, 4)
