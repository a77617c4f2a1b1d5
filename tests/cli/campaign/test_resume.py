"""``onnxfi campaign resume``."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_nothing_is_left_of_a_finished_campaign(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    shutil.copytree(finished, work / "my run")
    before = sorted(x.stat().st_mtime_ns for x in (work / "my run").rglob("*"))
    result = onnxfi("campaign", "resume", "my run")
    assert (result.status, result.stdout) == (0, "")
    assert "my run is finished: 200 of 200 injections are recorded." in result.stderr
    for command in ("onnxfi campaign summary 'my run'", "onnxfi report 'my run'"):
        assert command in result.stderr
    assert sorted(x.stat().st_mtime_ns for x in (work / "my run").rglob("*")) == before
    document = json.loads(onnxfi("campaign", "resume", "my run", "--json").stdout)
    assert document["injections"] == 200


def test_the_missing_injections_are_run(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    shutil.copytree(finished, work / "run")
    sorted((work / "run" / "records").glob("*.parquet"))[3].unlink()
    result = onnxfi("campaign", "resume", "run", "--json")
    assert result.status == 0
    assert json.loads(result.stdout)["injections"] == 200
