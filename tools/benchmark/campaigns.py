"""Runs campaigns on the benchmark's models."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from onnxfi.campaign import Campaign, Worker
from onnxfi.campaign.running.pace import measure_pace
from onnxfi.campaign.running.record_shard import record_shard
from onnxfi.run_directory import Shard
from tools.benchmark.models import Benchmarked

FLIPS = {"name": "bitflip"}
SPATIAL = {"name": "spatial", "configuration": {"model": "conv"}}
#: Injections that a `StratumRun` runs at a time; fewer would not fill the lanes.
UNIT = 50
_PER_TARGET = 1 << 40


def write_configuration(
    benchmarked: Benchmarked,
    folder: Path,
    *,
    targets: Iterable[str],
    per_target: int,
    error_models: Sequence[Mapping[str, object]] = (FLIPS,),
    **execution: object,
) -> Path:
    """Write the configuration of a campaign on the CPU to a new folder, and return its path."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    arrays: dict[str, Any] = {**benchmarked.feeds}
    np.savez(folder / "inputs.npz", **arrays)
    document = {
        "model": str(benchmarked.path),
        "inputs": {"file": "inputs.npz"},
        "targets": {"tensors": list(targets)},
        "error_models": list(error_models),
        "injections": {"per_target": per_target},
        "execution": {"provider": "cpu", **execution},
        "out": "run",
    }
    if benchmarked.name == "unet":
        document["metric"] = {"name": "segmentation"}
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def begin_strata(benchmarked: Benchmarked, tensor: str, folder: Path) -> list["StratumRun"]:
    """Begin a campaign at a target, and return what runs bit flips, and spatial patterns."""
    models = (FLIPS, SPATIAL)
    path = write_configuration(
        benchmarked, folder, targets=[tensor], per_target=_PER_TARGET, error_models=models
    )
    campaign = Campaign.from_yaml(path).begin()
    worker = Worker(campaign.directory.configuration)
    return [StratumRun(campaign, worker, stratum) for stratum in range(len(models))]


class StratumRun:
    """Runs ever new injections of one stratum, `UNIT` at a time, and records them.

    Attributes:
        outcomes: how many injections had each outcome.
    """

    def __init__(self, campaign: Campaign, worker: Worker, stratum: int) -> None:
        """Begin with the first injection of a stratum."""
        self.outcomes: Counter[str] = Counter()
        self._directory = campaign.directory
        self._worker = worker
        self._stratum = stratum
        self._first = stratum * _PER_TARGET
        execution = campaign.directory.configuration.execution
        self._shard = measure_pace(worker).shard(execution, largest=_PER_TARGET, workers=1)

    def __call__(self, count: int) -> None:
        """Run and record the next injections, `count` times `UNIT` of them."""
        end = self._first + count * UNIT
        while self._first < end:
            shard = Shard(self._first, min(self._shard, end - self._first), self._stratum)
            self._first += shard.count
            self.outcomes.update(record_shard(self._directory, self._worker, shard).outcomes)
