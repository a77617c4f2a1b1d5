"""Tests that the page "Translate a Keras layer" matches the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "contributing" / "translate-a-keras-layer.md"
BLOCKS = re.findall(
    r"^```(?:python|text)[^\n]*\n(.*?)```", PAGE.read_text(), re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_the_code_of_the_layer(block: str) -> None:
    assert block in (ROOT / "converters" / "layers" / "activation.py").read_text()


def test_the_page_has_blocks_and_names_files_that_exist() -> None:
    assert len(BLOCKS) == 3
    paths = re.findall(r"`((?:converters|docs|tests|tools)/[\w/.-]+)`", PAGE.read_text())
    assert len(paths) > 8
    assert not [path for path in paths if not (ROOT / path).exists()]
