"""Parts between values are extracted, and the model stays unchanged."""

import numpy as np
import pytest

import onnxfi
from onnxfi.errors import ModelFormatError
from onnxfi.runtime import Session
from onnxfi.surgery import extract
from tests.support.models.odd_models import unknown_operator
from tests.support.small_graphs import chain, random_inputs


def test_a_part_computes_what_the_whole_does() -> None:
    model = onnxfi.load(chain())
    a, b = model.values["a"], model.values["b"]
    part = extract(model, [a], [b])
    assert [x.op_type for x in part.graph] == ["Relu"]
    assert part.whole is model
    exposed = Session(onnxfi.expose(model, ["a", "b"])).run(random_inputs(chain()))
    np.testing.assert_array_equal(Session(part).run({"a": exposed["a"]})["b"], exposed["b"])
    assert len(model.graph) == 3


def test_a_fed_weight_is_an_input() -> None:
    model = onnxfi.load(chain())
    part = extract(model, [model.values["x"], model.values["w"]], [model.values["a"]])
    assert [x.name for x in part.graph.inputs] == ["x", "w"]
    assert "w" not in part.graph.initializers
    assert "w" in model.graph.initializers


def test_a_missing_input_is_named() -> None:
    model = onnxfi.load(chain())
    with pytest.raises(ValueError, match="'x' must be among the inputs"):
        extract(model, [], [model.values["a"]])


def test_an_unknown_type_is_refused() -> None:
    model = onnxfi.load(unknown_operator())
    with pytest.raises(ModelFormatError, match="type of 'b' could not be inferred"):
        extract(model, [model.values["b"]], [model.values["y"]])
