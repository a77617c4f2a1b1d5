"""``onnxfi error-models list`` and ``show``: what they tell of models and of their keys."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onnxfi.error_models import ERROR_MODELS
from onnxfi.error_models.registry import configuration_keys

DOUBLED = '''
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from onnxfi.error_models import Corruption, SitewiseErrorModel, values_at

@dataclass(frozen=True, slots=True)
class Doubled(SitewiseErrorModel):
    """Doubles values.

    Only for small ones.

    Attributes:
        most: the largest value
            to double.
    """

    name: ClassVar[str] = "doubled"
    most: float = 8.0

    def corrupt(self, golden, sites, *, rng):
        return Corruption(sites, 2 * values_at(golden, sites))
'''


@pytest.fixture
def doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package that declares two error models, one of which is not there."""
    (tmp_path / "doubling.py").write_text(DOUBLED)
    info = tmp_path / "doubling-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubling\n")
    (info / "entry_points.txt").write_text(
        "[onnxfi.error_models]\ndoubled = doubling:Doubled\ntripled = doubling:Tripled\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("doubling", None)


@pytest.mark.usefixtures("doubled")
def test_list_has_what_packages_declare(onnxfi: Callable[..., Any]) -> None:
    rows = json.loads(onnxfi("error-models", "list", "--json").stdout)
    assert rows.keys() >= {*ERROR_MODELS, "doubled", "tripled"}
    assert rows["doubled"] == "Doubles values."
    assert rows["tripled"].startswith("cannot be used: the error model 'tripled' must be a class")


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
