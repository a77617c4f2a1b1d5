"""``onnxfi campaign compare``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_campaign_compared_with_itself(onnxfi: Callable[..., Any], finished: Path) -> None:
    compared = onnxfi("campaign", "compare", finished, finished)
    assert compared.status == 0
    for text in ("whole network", "mcnemar", "Both campaigns inject the same faults"):
        assert text in compared.stdout
    document = json.loads(onnxfi("campaign", "compare", finished, finished, "--json").stdout)
    assert document["targets"][0]["rates"]["sdc"]["difference"]["value"] == 0


def test_a_rate_that_no_group_has(onnxfi: Callable[..., Any], finished: Path) -> None:
    result = onnxfi("campaign", "compare", finished, finished, "--rate", "sdc6")
    assert result.status == 2
    assert "--rate must be one of" in result.stderr
