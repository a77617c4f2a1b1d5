"""``onnxfi campaign agree`` and ``export --faults``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.support.small_campaign import fill, make_document


def test_faults_are_exported_and_compared(tmp_path: Path, onnxfi: Callable[..., Any]) -> None:
    work = fill(tmp_path)
    document = make_document(error_models=["bitflip"], injections={"per_target": 5}, out="run")
    (work / "campaign.yaml").write_text(yaml.safe_dump(document))
    assert onnxfi("campaign", "run", work / "campaign.yaml").status == 0
    out = work / "faults.csv"
    assert onnxfi("campaign", "export", work / "run", "--faults", "-o", out).status == 0
    done = onnxfi("campaign", "agree", work / "run", out, "--json")
    found = json.loads(done.stdout)
    assert (done.status, found["share"], found["agreeing_in_all"]) == (0, 1, found["faults"])

    lines = out.read_text().splitlines()
    numbers = list(map(int, lines[1].split(",")[4:]))
    assert sum(numbers[1:]) == numbers[0]
    turned = [numbers[0], numbers[3], 0, numbers[0] - numbers[3]]
    lines[1] = ",".join([*lines[1].split(",")[:4], *map(str, turned)])
    out.write_text("\n".join(lines))
    done = onnxfi("campaign", "agree", work / "run", out, "--min-agreement", "1")
    assert done.status == 1
    assert "The faults that differ most:" in done.stdout
