"""Rehearses a campaign: everything that can fail fails before its run directory exists."""

import logging
import time
from typing import Any

from onnxfi.campaign.planning.planning_note import planning_note
from onnxfi.campaign.running.exactness import TOLERANCES, check_answer
from onnxfi.campaign.running.limits import measure_limits
from onnxfi.campaign.running.worker import Worker, named
from onnxfi.injector.metrics import check_default
from onnxfi.surgery import noise_note

# Seconds that the start of a campaign may spend on checking golden answers: enough for all targets
# of a small network, and less than opening a session of ResNet-50.
_CHECKING = 0.2

_logger = logging.getLogger("onnxfi")


def rehearse(worker: Worker) -> dict[str, Any]:
    """Measure the limits, try injections and check golden answers.

    The worker's configuration then has the limits as numbers.

    Returns:
        The entry ``exactness`` of the manifest: the tolerances by dtype, and the largest difference
        of golden outputs from the answer of the whole model by target.

    Raises:
        OnnxfiError: the model, an input, an error model or the metric does not fit the others.
    """
    note = noise_note(worker.model)
    if note is not None:
        _logger.warning(note)
    worker.configuration = measure_limits(worker)
    began = time.perf_counter()
    worker.injector(worker.plan.strata[0].targets)
    opening = time.perf_counter() - began
    try_injections(worker)
    note = planning_note(worker.model, worker.configuration, worker.plan.strata)
    if note is not None:
        _logger.warning(note)
    if worker.inputs.note is not None:
        _logger.warning(worker.inputs.note)
    differences = check_answers(worker, opening=opening)
    return {"tolerances": dict(TOLERANCES), "largest_differences": differences}


def try_injections(worker: Worker) -> None:
    """Try one injection of each error model at the first targets, and keep none of them.

    Raises:
        OnnxfiError: the model, an input, an error model or the metric does not fit the others.
    """
    targets = worker.plan.strata[0].targets
    injector = worker.injector(targets)
    golden = worker.golden_runs.rehearse(injector, 0, worker.inputs.at)
    entry = worker.configuration.metric
    if not entry.is_chosen:
        check_default(golden.outputs, entry.output)
    worker.metric.is_wrong(golden.outputs, golden.outputs)
    worker.metric.columns(golden.outputs, golden.outputs)
    for stratum in worker.plan.strata:
        if stratum.targets != targets:
            break
        for _ in injector.inject(golden, stratum.error_models, metric=worker.metric):
            pass


def check_answers(worker: Worker, *, opening: float) -> dict[str, float]:
    """Check the golden answer of the first input behind each target.

    Targets that are not reached in time are checked when their injections begin.

    Args:
        worker: the worker; the injector of the first targets is open.
        opening: seconds that opening it took.

    Returns:
        The largest difference from the answer of the whole model (see `check_answer`), by target.

    Raises:
        ExactnessError: a difference is beyond its tolerance.
        OnnxfiError: the model or an input does not fit.
    """
    began, differences = time.perf_counter(), {}
    order = worker.targets_in_order
    for targets in order:
        if targets == order[0]:
            golden = worker.golden(worker.injector(targets), 0)
        elif time.perf_counter() - began + opening > _CHECKING:
            break
        else:
            with worker.open_injector(targets, expected=1) as injector:
                golden = worker.golden(injector, 0)
        name = named(targets)
        differences[name] = check_answer(golden, name)
    return differences
