"""Measures what the protections of a model cost."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onnxfi.campaign.inputs import read_inputs
from onnxfi.errors import OnnxfiError
from onnxfi.graph import Model, load
from onnxfi.hardening import PROTECTIONS_KEY, Cost, cost
from onnxfi.run_directory import RunDirectory
from onnxfi.runtime import Session

# Runs of each model, in turns, and the time after which no more begin.
_RUNS, _SECONDS = 21, 2.0


@dataclass(frozen=True, slots=True)
class Overhead:
    """What a model costs before and after hardening.

    Attributes:
        before: the cost of the first model.
        after: the cost of the second.
        seconds_before: the median duration of an inference of the first, in one thread.
        seconds_after: that of the second.
    """

    before: Cost
    after: Cost
    seconds_before: float
    seconds_after: float


def measure_overhead(before: str | Path, after: str | Path) -> Overhead | None:
    """Compare the costs of the models of two campaigns.

    Both run in turns on their first inputs, on the CPU.

    Args:
        before: the run directory of a plain model.
        after: the run directory of a hardened one.

    Returns:
        The costs; None if the second model is not hardened, or a model or an input is missing.
    """
    configurations = [RunDirectory.open(x).configuration for x in (before, after)]
    try:
        hardened = load(configurations[1].model)
        if PROTECTIONS_KEY not in hardened.ir_model.metadata_props:
            return None
        models = [load(configurations[0].model), hardened]
        feeds = [
            read_inputs(model, configuration.inputs).at(0)
            for model, configuration in zip(models, configurations, strict=True)
        ]
    except OnnxfiError:  # moved since, or on another machine
        return None
    seconds = _durations(models, feeds)
    return Overhead(cost(models[0]), cost(models[1]), *seconds)


def _durations(
    models: list[Model], feeds: list[Mapping[str, np.ndarray]] | list[dict[str, np.ndarray]]
) -> tuple[float, float]:
    """Return the median durations of an inference of two models, in seconds."""
    sessions = [Session(x, threads=1) for x in models]
    found: tuple[list[float], list[float]] = ([], [])
    begin = time.perf_counter()
    for number in range(_RUNS):
        for session, feed, durations in zip(sessions, feeds, found, strict=True):
            start = time.perf_counter()
            session.run(feed)
            durations.append(time.perf_counter() - start)
        if number and time.perf_counter() - begin > _SECONDS:
            break
    # The first run of a session also allocates its memory.
    before, after = (statistics.median(x[1:] or x) for x in found)
    return before, after
