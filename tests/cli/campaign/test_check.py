"""``onnxfi campaign check``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest


def test_one_sentence_a_check_and_the_files(
    onnxfi: Callable[..., Any], finished: Path, tmp_path: Path
) -> None:
    command = ("campaign", "check", finished, "--max-sdc", "1")
    files = ("--md", tmp_path / "new" / "s.md", "--junit", tmp_path / "c.xml")
    done = onnxfi(*command, *files)
    assert done.status == 0
    assert done.stdout.startswith("passed: sdc under")
    assert "Fault injection: passed" in (tmp_path / "new" / "s.md").read_text()
    suite = ElementTree.parse(tmp_path / "c.xml").getroot()
    assert (suite.get("failures"), suite.get("tests")) == ("0", str(len(suite)))
    assert json.loads(onnxfi(*command, "--json").stdout)["passed"] is True


def test_a_failed_check_exits_with_1(
    onnxfi: Callable[..., Any], finished: Path, tmp_path: Path
) -> None:
    done = onnxfi("campaign", "check", finished, "--max-due", "0", "--junit", tmp_path / "c.xml")
    assert done.status == 1
    assert "above the limit of 0" in done.stdout
    assert int(ElementTree.parse(tmp_path / "c.xml").getroot().get("failures") or 0) > 0


@pytest.mark.parametrize(
    ("options", "said"), [((), "nothing to check"), (("--max-fit", "3"), "--rates fit.yaml")]
)
def test_one_error_for_what_is_missing(
    onnxfi: Callable[..., Any], finished: Path, options: tuple[str, ...], said: str
) -> None:
    done = onnxfi("campaign", "check", finished, *options)
    assert (done.status, done.stdout) == (2, "")
    assert said in done.stderr
