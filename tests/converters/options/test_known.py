"""Tests that every option of every recorded layer is read, refused or idle."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onnxfi.converters.keras_files.values import leaves
from onnxfi.converters.native.layer_table import LAYERS
from onnxfi.converters.native.model_checks import INPUT_OPTIONS
from onnxfi.converters.options.known import IDLE_ENDINGS
from onnxfi.converters.recurrent.cell import CELLS
from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.option_checks import require_known_options
from onnxfi.converters.translation.tensor import Tensor
from onnxfi.errors import ModelFormatError, UnsupportedLayerError
from tests.support.keras_options import LayerProbe, other_values

DATA = Path(__file__).parents[1] / "data"
FILES = sorted(x for x in DATA.glob("*.h5") if ".weights" not in x.name)
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "keras-layers.md"

# Options that only some calls read.
SOMETIMES = {
    "unroll": "with a mask",
    "zero_output_for_mask": "with a mask",
    "output_padding": "0 is the default of some sizes",
}
# Inner layers, which are made before the conversion starts.
PARTS = ("layer", "backward_layer", "cell", "cells")
OURS = re.compile(r"<onnxfi| object at 0x|\b[A-Z][a-z]\w*\((name|path|layer|values)=")
ANYTHING = {"class_name": "Unheard", "config": {"of": 1}}


def options_of(layer: Any) -> dict[str, Any]:
    """Return the options of a layer that must change something."""
    known = LAYERS[layer.layer_class].options
    return {
        key: value
        for key, value in layer.options.items()
        if key not in ("name", *PARTS, *known.idle) and not key.endswith(tuple(IDLE_ENDINGS))
    }


@pytest.fixture(scope="module")
def recorded() -> list[Any]:
    """Return one call for each class and set of options: its result, the probe, the call."""
    found: dict[Any, Any] = {}
    for path in FILES:
        probe = LayerProbe(path)
        for layer, *call in list(probe.calls):
            if layer.model is None:
                key = (probe.major, layer.layer_class, frozenset(layer.options))
                found.setdefault(key, (probe, layer, *call))
    return [(probe.again(*call), probe, *call) for probe, *call in found.values()]


def changed(before: Any, probe: Any, layer: Any, call: Any, option: str, value: Any) -> bool:
    """Return whether another value of an option changes the network, or is refused."""
    other = replace(layer, options={**layer.options, option: value})
    try:
        return bool(probe.again(other, *call) != before)
    except ModelFormatError as error:
        said = str(error)
        assert call[0] in said, said
        assert not OURS.search(said), said
        return True


@pytest.mark.thorough
def test_no_option_of_a_recorded_layer_is_ignored(recorded: Any) -> None:
    tried: Counter[tuple[str, ...]] = Counter()
    heeded: Counter[tuple[str, ...]] = Counter()
    for before, probe, layer, *call in recorded:
        for option, value in options_of(layer).items():
            place = (probe.major, layer.layer_class, option)
            assert changed(before, probe, layer, call, option, ANYTHING), place
            for other in list(other_values(option, value))[:2]:
                tried[place] += 1
                heeded[place] += changed(before, probe, layer, call, option, other)
    ignored = [place for place in tried if not heeded[place] and place[2] not in SOMETIMES]
    assert not ignored
    assert len(tried) > 500


@pytest.mark.thorough
def test_an_option_that_is_not_known_is_refused_by_name(recorded: Any) -> None:
    for _, probe, layer, *call in recorded:
        for value in (1, False, "x", {"a": 1}):
            other = replace(layer, options={**layer.options, "brand_new": value})
            with pytest.raises(UnsupportedLayerError, match="has the option brand_new=") as caught:
                probe.again(other, *call)
            assert caught.value.layer_class == layer.layer_class


def test_an_option_that_is_null_asks_for_nothing(recorded: Any) -> None:
    for before, probe, layer, *call in recorded:
        assert not changed(before, probe, layer, call, "brand_new", None)


def test_an_idle_option_changes_nothing_and_has_a_reason(recorded: Any) -> None:
    for before, probe, layer, *call in recorded:
        for option, reason in LAYERS[layer.layer_class].options.idle.items():
            assert len(reason.split()) > 2, option
            if option in layer.options and option != "trainable":
                assert not changed(before, probe, layer, call, option, ANYTHING), (
                    layer.layer_class,
                    option,
                )


def test_no_message_prints_an_object_of_ours(recorded: Any) -> None:
    for before, probe, layer, path, arguments, keywords in recorded:
        tensor = next(leaves((arguments, keywords), Tensor))
        for value in (tensor, [tensor, 3], [[tensor], {"start": tensor}]):
            for option in options_of(layer) if LAYERS[layer.layer_class].operation else ():
                changed(before, probe, layer, [path, arguments, keywords], option, value)
            for key in (*keywords, "brand_new"):
                call = [path, arguments, {**keywords, key: value}]
                changed(before, probe, layer, call, "name", path)
            call = [path, (*arguments, value), keywords]
            changed(before, probe, layer, call, "name", path)


def test_flags_may_be_numbers(recorded: Any) -> None:
    for before, probe, layer, *call in recorded:
        for option, value in options_of(layer).items():
            if isinstance(value, bool):
                assert not changed(before, probe, layer, call, option, int(value)), option


@pytest.mark.parametrize(
    ("layer_class", "values"),
    [
        ("BatchNormalization", {"renorm": True}),
        ("MultiHeadAttention", {"softmax_robust_masking": True}),
        ("StackedRNNCells", {"reverse_state_order": True}),
        ("Softmax", {"robust_masking": True}),
        ("InputLayer", {"optional": True}),
        ("DepthwiseConv2D", {"groups": 2}),
        ("Dense", {"quantization_config": {"class_name": "Int8QuantizationConfig"}}),
        ("ops.Round", {"decimals": 2}),
        ("ops.Prod", {"dtype": "float16"}),
    ],
)
def test_a_value_that_is_taken_for_granted_is_refused_otherwise(
    layer_class: str, values: Any
) -> None:
    (option,) = values
    known = {**CELLS, "InputLayer": INPUT_OPTIONS}.get(layer_class) or LAYERS[layer_class].options
    require_known_options(Options("layer", layer_class, {option: None}, 3), known)
    with pytest.raises(UnsupportedLayerError, match=f"has .*{option}="):
        require_known_options(Options("layer", layer_class, values, 3), known)


def test_null_is_no_whole_number_where_another_is_the_default() -> None:
    with pytest.raises(ModelFormatError, match="must be a whole number, got None"):
        Options("sum", "ops.Cumsum", {"axis": None}, 3).integer("axis", 0)


def test_the_documentation_lists_the_options_that_do_not_matter() -> None:
    text = DOCUMENTATION.read_text()
    known = [*CELLS.values(), *(kind.options for kind in LAYERS.values())]
    idle = {key for options in known for key in options.idle} | set(IDLE_ENDINGS)
    assert not [key for key in idle if f"`{key}`" not in text and f"`…{key}`" not in text]
