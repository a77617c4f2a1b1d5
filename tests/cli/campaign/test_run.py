"""``onnxfi campaign run`` and ``resume``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onnxfi.run_directory import RunDirectory


def test_run_records_and_prints_the_summary(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi("campaign", "run", "campaign.yaml", "--out", "run", "--workers", 2)
    assert result.status == 0
    # No terminal here: no bars, no empty lines.
    assert result.stderr == "200 injections on cpu, records in run\n"
    for text in ("conv1", "Relu", "bitflip:bit=any", "[", "Wilson"):
        assert text in result.stdout
    assert RunDirectory.open(Path("run")).recorded == 200

    assert onnxfi("campaign", "summary", "run").stdout == result.stdout
    sorted((work / "run" / "records").glob("*.parquet"))[0].unlink()
    resumed = onnxfi("campaign", "resume", "run")
    assert (resumed.status, resumed.stdout) == (0, result.stdout)
    document = json.loads(onnxfi("campaign", "run", "campaign.yaml", "-o", "b", "--json").stdout)
    assert document == json.loads(onnxfi("campaign", "summary", "run", "--json").stdout)
