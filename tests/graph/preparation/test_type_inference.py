"""Types and shapes are inferred by onnx, ONNX Runtime and declarations."""

import pytest

import onnxfi
from onnxfi.errors import ModelFormatError, TargetNotFoundError
from tests.support.models.odd_models import (
    contrib_operators,
    unknown_operator,
)
from tests.support.small_graphs import (
    value,
)


def test_types_of_contrib_operators_are_known() -> None:
    loaded = onnxfi.load(contrib_operators())
    assert {x.tensor: x.shape for x in loaded.targets(kind="activation")} == {
        "a": ("N", 3),
        "b": ("N", 3),
        "total": (1, 1),
        "g": (1, 1),
        "y": ("N", 3),
    }


def test_an_unknown_operator() -> None:
    loaded = onnxfi.load(unknown_operator())
    assert [x.tensor for x in loaded.targets()] == ["x", "a", "y"]
    with pytest.raises(TargetNotFoundError, match="'b' is not, or its type is unknown"):
        loaded.target("b")
    assert onnxfi.split(loaded, "y").suffix_share == 0
    # What nobody knows the type of may be in a part, but cannot cross.
    assert len(onnxfi.split(loaded, "a").suffix.graph) == 2
    with pytest.raises(ModelFormatError, match="ONNX Runtime must be able to run"):
        onnxfi.Injector(loaded, "a", provider="cpu")


def test_declared_shapes_count_where_inference_has_none() -> None:
    proto = unknown_operator()
    proto.graph.value_info.append(value("b", [3]))
    assert onnxfi.load(proto).target("b").shape == (3,)
