"""Tests that every row of the layer table is complete and documented."""

import re
from pathlib import Path

import pytest

from onnxfi.converters.native import layer_table
from onnxfi.converters.native.layer_table import LAYERS, kind_of
from onnxfi.converters.options.keras_classes import KERAS_CLASSES
from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.layer_kind import InputCast
from onnxfi.errors import UnsupportedLayerError

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "keras-layers.md"
# The weights of a layer of these classes follow from the options of its cell, or of its parts.
NEED_OPTIONS = ("RNN", "EinsumDense")
LAYER_CLASSES = sorted(name for name in LAYERS if not name.startswith("ops."))


def documented_words() -> set[str]:
    """Return the words of the page, with ``Conv1D to 3D`` and the like written out."""
    text = DOCUMENTATION.read_text()
    words = set(re.findall(r"\w+", text))
    for match in re.finditer(r"(\w+)([123])D(Transpose)? (to|and) ([123])D", text):
        name, first, ending, joint, last = match.groups()
        axes = range(int(first), int(last) + 1) if joint == "to" else (first, last)
        words |= {f"{name}{count}D{ending or ''}" for count in axes}
    return words


@pytest.mark.parametrize("name", LAYERS)
def test_a_row_is_complete(name: str) -> None:
    kind = LAYERS[name]
    assert kind.translate.__doc__ is not None
    assert "name" in kind.options.read
    assert not set(kind.options.read) & set(kind.options.fixed)
    assert not set(kind.options.read) & set(kind.options.idle)
    assert all(len(reason.split()) > 2 for reason in kind.options.idle.values())
    if kind.operation:
        assert kind.cast is InputCast.NONE
        assert kind.any_type


@pytest.mark.parametrize("name", [name for name in LAYER_CLASSES if name not in NEED_OPTIONS])
def test_the_weights_of_a_row_have_names_of_their_own(name: str) -> None:
    roles = [role.name for role in LAYERS[name].weights(Options("layer", name, {}, 3))]
    assert len(set(roles)) == len(roles)


@pytest.mark.parametrize("name", LAYERS)
def test_a_row_is_documented(name: str) -> None:
    assert name.removeprefix("ops.") in documented_words()


@pytest.mark.parametrize("name", LAYER_CLASSES)
def test_a_row_is_a_class_of_keras(name: str) -> None:
    assert name in KERAS_CLASSES


def test_no_class_has_two_rows() -> None:
    families = [
        value.LAYERS
        for value in vars(layer_table).values()
        if hasattr(value, "LAYERS") and value is not layer_table
    ]
    names = [name for family in families for name in family]
    assert len(families) > 20
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["Hashing", "IntegerLookup"])
def test_a_class_of_keras_without_a_row_has_another_route(name: str) -> None:
    with pytest.raises(UnsupportedLayerError, match=f"'{name}' has no translation.*tf2onnx"):
        kind_of(Options("layer", name, {}, 3))
