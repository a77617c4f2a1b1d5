"""``onnxfi error-models show``."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.error_models import ERROR_MODELS
from onnxfi.error_models.registry import configuration_keys

MODEL = Path(__file__).parents[2] / "error_models" / "data" / "unambiguous.json"


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("spec", ["doubled:count=3", "doubling:Doubled:count=3"])
def test_show_tells_of_the_keys_of_a_class_and_of_its_base(
    onnxfi: Callable[..., Any], spec: str
) -> None:
    shown = onnxfi("error-models", "show", spec)
    assert shown.status == 0
    lines = [line.rstrip() for line in shown.stdout.splitlines()]
    assert lines[0] == spec.removesuffix(":count=3") + ": Doubles values."
    assert "Only for small ones." in lines
    at = lines.index("  most: 8.0")
    assert lines[at + 1] == "      the largest value to double."
    assert "  count: 3" in lines
    assert lines[lines.index("  count: 3") + 1].startswith("      number of sites")


@pytest.mark.parametrize("name", ERROR_MODELS)
def test_every_key_has_a_meaning(onnxfi: Callable[..., Any], name: str) -> None:
    shown = onnxfi("error-models", "show", name)
    assert shown.status == 0
    for key in configuration_keys(ERROR_MODELS[name]):
        assert re.search(rf"^  {key}:.*\n      \w", shown.stdout, re.MULTILINE), key


def test_a_name_alone_shows_what_must_be_given(onnxfi: Callable[..., Any]) -> None:
    shown = onnxfi("error-models", "show", "stuckat")
    assert "  value: (required)\n" in shown.stdout
    assert "  bit: any\n" in shown.stdout
    for mistake in ("stuckat:bit=3", "noise:mode=additive"):
        refused = onnxfi("error-models", "show", mistake)
        assert (refused.status, refused.stdout) == (2, "")
        assert "must be given: write" in refused.stderr


def test_a_region_is_shown_as_it_is_written(onnxfi: Callable[..., Any]) -> None:
    spec = "bitflip:adjacent=true,region.channels=[0,3-5],region.rows=[1]"
    shown = onnxfi("error-models", "show", spec)
    assert "  adjacent: true\n" in shown.stdout
    assert "  region: channels=[0,3-5],rows=[1]\n" in shown.stdout


def test_show_and_list_tell_what_a_model_contains(onnxfi: Callable[..., Any]) -> None:
    shown = onnxfi("error-models", "show", f"spatial:model={MODEL}").stdout
    text = " ".join(shown.split())
    assert "bullet_wake, 15 %: One position, drawn uniformly, in two or more channels." in text
    assert (
        "values: all out_of_range (50 %); 63 to 74 % in_range, the rest zero (30 %); "
        "40 % zero + 30 % nan + 30 % in_range (20 %) parameters: 2 sets" in text
    )
    assert shown.index("single_block, 20 %") < shown.index("bullet_wake, 15 %")
    listed = json.loads(onnxfi("error-models", "list", "--json").stdout)
    assert listed["spatial:model=relu"].startswith("bullet_wake 44.1 %, quasi_shattered")


def test_show_prints_the_configuration(onnxfi: Callable[..., Any]) -> None:
    shown = onnxfi("error-models", "show", "bitflip:bit=30")
    assert shown.status == 0
    assert "bit: 30" in shown.stdout
    document = json.loads(onnxfi("error-models", "show", "bitflip:bit=30", "--json").stdout)
    assert document["name"] == "bitflip"
    assert document["configuration"]["bit"] == 30
