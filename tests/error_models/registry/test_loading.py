"""Making error models from texts and mappings."""

from typing import Any

import pytest

import onnxfi.error_models as package
from onnxfi.error_models import ERROR_MODELS, BitFlip, RandomValue, Zero, load
from onnxfi.errors import ErrorModelError


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("bitflip", BitFlip()),
        ("bitflip:bit=30,count=2", BitFlip(bit=30, count=2)),
        (" bitflip : bit = sign ", BitFlip(bit="sign")),
        ("zero:count=3", Zero(count=3)),
        ("bitflip:fraction=0.01", BitFlip(fraction=0.01)),
        ("random:low=-1,high=1", RandomValue(-1, 1)),
        ("random:low=-1e-3,high=.5", RandomValue(-0.001, 0.5)),
        ({"name": "bitflip"}, BitFlip()),
        ({"name": "bitflip", "configuration": None}, BitFlip()),
        ({"name": "bitflip", "configuration": {"bit": "any"}}, BitFlip()),
        (BitFlip(count=4), BitFlip(count=4)),
    ],
)
def test_load(spec: Any, expected: object) -> None:
    assert load(spec) == expected


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("bitflop", "one of bitflip, .*, spatial, .*got 'bitflop' .did you mean 'bitflip'"),
        ("", "one of bitflip, .*, spatial, .*got ''"),
        ({"name": 3}, "one of bitflip, .*, spatial, .*got 3"),
        ({"configuration": {}}, "must have a name"),
        ({"name": "zero", "config": {}}, "keys name and configuration, got 'config'"),
        ({"name": "zero", "configuration": [1]}, r"must be a mapping, got \[1\]"),
        ("bitflip:bits=3", "keys bit, .*, region, got 'bits' .did you mean 'bit'"),
        ("bitflip:bit=sgin", "got 'sgin' .did you mean 'sign'"),
        ("bitflip:count=two", "count must be an integer at least 1, got 'two'"),
        ("bitflip:count=2.5", "count must be an integer at least 1, got 2.5"),
        ("bitflip:", "name:key=value"),
        ("bitflip:30", "name:key=value,key=value, got '30'"),
        ("bitflip:bit=", "name:key=value"),
        ("bitflip:bit=1,bit=2", "'bit' again"),
        ("bitflip:fraction=0", "fraction must be a number above 0 and at most 1, got 0"),
        ("bitflip:fraction=all", "fraction must be a number above 0 and at most 1, got 'all'"),
        ("zero:count=1,fraction=1", "by count, .*, got count=1 and fraction=1"),
        ("random:low=nan,high=1", "low must be a finite number, got nan"),
        (7, "a text, a mapping or an error model, got 7"),
        (BitFlip, "a text, a mapping or an error model"),
    ],
)
def test_load_refuses(spec: Any, message: str) -> None:
    with pytest.raises(ErrorModelError, match=message):
        load(spec)


def test_registry_uses_the_names_of_the_classes() -> None:
    assert {name: model.name for name, model in ERROR_MODELS.items()} == {
        name: name for name in ERROR_MODELS
    }


def test_public_list_is_complete() -> None:
    assert all(hasattr(package, name) for name in package.__all__)
    assert {model.__name__ for model in ERROR_MODELS.values()} <= set(package.__all__)
