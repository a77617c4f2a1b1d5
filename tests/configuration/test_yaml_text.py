"""Tests YAML in the places where PyYAML differs from version 1.2."""

import pytest
import yaml

from onnxfi.configuration.yaml_text import dump_yaml, load_yaml


@pytest.mark.parametrize("value", [1e-9, "1e-9", "2-5", 1e300, "1e5x", -2.5e20, 3, "03", None])
def test_yaml_round_trip(value: object) -> None:
    text = dump_yaml({"key": value})
    again = load_yaml(text)["key"]
    assert (again, type(again)) == (value, type(value))
    # PyYAML alone reads what is dumped likewise.
    assert yaml.safe_load(text)["key"] == value
