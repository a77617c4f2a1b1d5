"""Error models as text: what is written is read again."""

from typing import Any

import pytest

from onnxfi.error_models.registry.spec_text import parse_spec, write_spec
from onnxfi.errors import ErrorModelError


@pytest.mark.parametrize(
    ("text", "name", "configuration"),
    [
        ("zero", "zero", {}),
        (" bitflip : bit = 30 , count=2 ", "bitflip", {"bit": 30, "count": 2}),
        ("scale:factor=-1.5e3", "scale", {"factor": -1500.0}),
        ("own:on=true,off=false,text=a b", "own", {"on": True, "off": False, "text": "a b"}),
        ("bitflip:bit=[30, 31],count=2", "bitflip", {"bit": [30, 31], "count": 2}),
        ("bitflip:bit=[]", "bitflip", {"bit": []}),
        (
            "zero:region.rows=3,region.columns=[1,2]",
            "zero",
            {"region": {"rows": 3, "columns": [1, 2]}},
        ),
        ("package.module:Stripe", "package.module:Stripe", {}),
        ("package.module:Stripe:width=3", "package.module:Stripe", {"width": 3}),
        ("random_value:profile=C:/a.json", "random_value", {"profile": "C:/a.json"}),
    ],
)
def test_reading(text: str, name: str, configuration: dict[str, Any]) -> None:
    assert parse_spec(text) == (name, configuration)
    assert parse_spec(write_spec(name, configuration)) == (name, configuration)


@pytest.mark.parametrize("text", ["x:", "bitflip:bit=", "bitflip:=3", "bitflip:a=1,", "x:a=1,bit"])
def test_an_item_needs_a_key_and_a_value(text: str) -> None:
    with pytest.raises(ErrorModelError, match="write for example bitflip:bit=30,count=2"):
        parse_spec(text)


@pytest.mark.parametrize("text", ["x:a=1,a=2", "x:a=1,a.b=2", "x:a.b=1,a=2", "x:a.b=1,a.b=2"])
def test_a_key_is_given_once(text: str) -> None:
    with pytest.raises(ErrorModelError, match="must be given once"):
        parse_spec(text)


def test_keys_without_a_value_are_left_out() -> None:
    configuration = {"count": None, "region": {"rows": None, "columns": (1, 2)}, "flag": False}
    assert write_spec("zero", configuration) == "zero:region.columns=[1,2],flag=false"
    assert write_spec("zero", {"count": None}) == "zero"
