# ruff: noqa: D102  # a fixture's name says what it returns
"""The error model of the page for contributors keeps the contract and passes its tests."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onnxfi.error_models import ERROR_MODELS, ErrorModel, load
from onnxfi.error_models.contract import ErrorModelContract

PAGE = Path(__file__).parents[2] / "docs" / "contributing" / "add-an-error-model.md"
MODULE, TESTS = (
    block
    for block in re.findall(
        r"```python[^\n]*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    if block.startswith('"""')
)


@pytest.fixture(autouse=True)
def swap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the error model under its name."""
    names: dict[str, Any] = {"__name__": "swap"}
    exec(MODULE, names)
    monkeypatch.setitem(ERROR_MODELS, "swap", names["Swap"])


class TestSwap(ErrorModelContract):
    """The contract, except that another process cannot import the error model."""

    test_same_corruptions_in_another_process = None  # type: ignore[assignment]

    @pytest.fixture(params=["swap", "swap:distance=7"])
    def error_model(self, request: pytest.FixtureRequest) -> ErrorModel:
        return load(request.param)


def test_its_own_tests_pass() -> None:
    names: dict[str, Any] = {}
    exec(TESTS, names)
    tests: list[Callable[..., None]] = [x for name, x in names.items() if name.startswith("test_")]
    assert len(tests) == 4
    for test in tests:
        marks = getattr(test, "pytestmark", [])
        for arguments in marks[0].args[1] if marks else [()]:
            test(*arguments)
