"""Tests the choice of threads or processes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from onnxfi.campaign.running.local import worker_choice
from onnxfi.campaign.running.local.worker_choice import Workers, choose_workers, python_share
from onnxfi.campaign.running.pace import Pace
from onnxfi.campaign.running.worker import Worker
from onnxfi.configuration import Configuration
from onnxfi.runtime import Session

LIGHT, MIDDLING, HEAVY = Pace(1e-5, 1000), Pace(5e-4, 1000), Pace(5e-2, 10_000)
MANY = 10**9


@pytest.fixture
def worker(write: Callable[..., Path]) -> Worker:
    return Worker(Configuration.from_yaml(write(execution={"provider": "cpu"})))


@pytest.mark.parametrize(
    ("pace", "missing", "share", "expected"),
    [
        (HEAVY, MANY, 1.0, Workers(4)),  # its share is not measured
        (LIGHT, 10, 1.0, Workers(1)),  # too short for processes
        (MIDDLING, 10, 1.0, Workers(4)),
        (LIGHT, MANY, 0.9, Workers(4, processes=True)),
        (MIDDLING, MANY, 0.9, Workers(4, processes=True)),
        (MIDDLING, MANY, 0.2, Workers(4)),
    ],
)
def test_light_models_run_in_processes(
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
    pace: Pace,
    missing: int,
    share: float,
    expected: Workers,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(worker_choice, "python_share", lambda run: share)
    assert choose_workers(worker, pace, missing=missing) == expected


def test_a_given_number_means_threads(write: Callable[..., Path]) -> None:
    worker = Worker(Configuration.from_yaml(write(execution={"workers": 3})))
    assert choose_workers(worker, LIGHT, missing=MANY) == Workers(3)


@pytest.mark.thorough
def test_a_trial_keeps_no_records(worker: Worker, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert 0 <= python_share(worker_choice._trial(worker)) < 1  # noqa: SLF001
    assert sorted(tmp_path.rglob("*")) == before


def test_runs_of_onnx_runtime_are_seen(worker: Worker) -> None:
    session, image = Session(worker.model), worker.inputs.at(0)
    assert python_share(lambda: session.run(image)) != 0
    assert python_share(lambda: None) == 0
