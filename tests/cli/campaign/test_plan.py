"""``onnxfi campaign plan``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_plan_shows_injections_and_duration(onnxfi: Callable[..., Any], work: Path) -> None:
    planned = onnxfi("campaign", "plan", "campaign.yaml")
    for text in ("conv2", "200 injections, about", "second"):
        assert text in planned.stdout
    document = json.loads(onnxfi("campaign", "plan", "campaign.yaml", "--json").stdout)
    assert sum(x["injections"] for x in document["strata"]) == document["injections"] == 200
    assert document["seconds"] > 0
    assert not (work / "run").exists()
