"""Tests the estimated duration of a campaign."""

from collections.abc import Callable
from pathlib import Path

import pytest

from onnxfi.campaign import Worker, estimate_seconds
from onnxfi.campaign.running import estimate
from onnxfi.configuration import Configuration


def test_error_models_of_a_target_share_golden_runs(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "_measure", lambda worker, stratum: (10.0, 0.0))
    seconds = []
    for models in ([{"name": "zero"}], [{"name": "zero"}, {"name": "random"}]):
        path = write(error_models=models, injections={"per_target": 50})
        worker = Worker(Configuration.from_yaml(path))
        seconds.append(estimate_seconds(worker, workers=1))
    targets = len({x.targets for x in worker.plan.strata})
    assert seconds == [10.0 * worker.plan.inputs * targets] * 2
