"""``onnxfi error-models list``."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from onnxfi.error_models import ERROR_MODELS


@pytest.mark.usefixtures("doubled")
def test_list_has_what_packages_declare(onnxfi: Callable[..., Any]) -> None:
    rows = json.loads(onnxfi("error-models", "list", "--json").stdout)
    assert rows.keys() >= {*ERROR_MODELS, "doubled", "tripled"}
    assert rows["doubled"] == "Doubles values."
    assert rows["tripled"].startswith("cannot be used: The error model 'tripled' must be a class")


def test_list_has_a_text_for_each_model(onnxfi: Callable[..., Any]) -> None:
    listed = onnxfi("error-models", "list")
    assert listed.status == 0
    names = json.loads(onnxfi("error-models", "list", "--json").stdout)
    assert {"bitflip", "zero", "random"} <= set(names)
    for name, text in names.items():
        assert name in listed.stdout
        assert text
