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


@pytest.mark.parametrize("text", ["[" * 20_000, "- " * 2_000 + "a", "{a: " * 5_000])
def test_a_deep_document_is_refused_at_once(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="nested"):
        load_yaml(text)


def test_aliases_that_stand_for_too_much_are_refused() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 9)]
    with pytest.raises(yaml.YAMLError, match="more than 1000000 values"):
        load_yaml("\n".join(levels))
    assert load_yaml("a: &a [1, 2]\nb: *a") == {"a": [1, 2], "b": [1, 2]}


def test_null_characters_are_refused() -> None:
    """No path may hold one, and the system's functions raise a ValueError."""
    with pytest.raises(yaml.YAMLError, match="null character"):
        load_yaml('inputs: {file: "a\\0.npz"}')
