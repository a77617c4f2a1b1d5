"""Estimates the duration of a campaign."""

import time
from collections import Counter
from statistics import mean

from onnxfi.campaign.planning.plan import Plan
from onnxfi.campaign.running.worker import Worker
from onnxfi.graph import Target

# Seconds after which no further target is measured.
_BUDGET = 1.0
# Injections at each measured target.
_INJECTIONS = 16


def estimate_seconds(worker: Worker, *, workers: int) -> float:
    """Return the estimated seconds of a campaign.

    Golden runs and some injections, which are not kept, are timed at the first stratum, the last
    one and as many between as fit into a second. Early masking differs between faults, and sessions
    take time to open, so the estimate may be off by a factor of two.

    Args:
        worker: the worker, with its model, inputs and plan.
        workers: number of workers that run at the same time.
    """
    plan = worker.plan
    began = time.perf_counter()
    seconds: list[tuple[float, float]] = []
    for stratum in _spread(len(plan.strata)):
        if plan.faults[stratum]:
            seconds.append(_measure(worker, stratum))
        if seconds and time.perf_counter() - began > _BUDGET:
            break
    if not seconds:
        return 0.0
    golden, injection = (mean(x) for x in zip(*seconds, strict=True))
    return float(golden * _golden_runs(plan) + injection * len(plan)) / workers


def _measure(worker: Worker, stratum: int) -> tuple[float, float]:
    """Return the seconds of a golden run and of an injection."""
    chosen = worker.plan.strata[stratum]
    injector = worker.injector(chosen.targets)
    inputs = worker.inputs.at(0)
    injector.golden(inputs)  # the first run of a session is slow
    began = time.perf_counter()
    golden = injector.golden(inputs)
    after_golden = time.perf_counter()
    seed = worker.configuration.seed
    for _ in injector.inject(
        golden, chosen.error_models, count=_INJECTIONS, seed=seed, metric=worker.metric
    ):
        pass
    return after_golden - began, (time.perf_counter() - after_golden) / _INJECTIONS


def _golden_runs(plan: Plan) -> int:
    """Return an upper bound of the golden runs: one for each input that meets some targets.

    The error models of the same targets share their golden runs.
    """
    faults: Counter[tuple[Target, ...]] = Counter()
    for stratum, count in zip(plan.strata, plan.faults, strict=True):
        faults[tuple(stratum.targets)] += count
    return sum(min(plan.inputs, count * plan.inputs_per_fault) for count in faults.values())


def _spread(count: int) -> list[int]:
    """Return the numbers below a count: the first, the last, then ever finer between."""
    order = dict.fromkeys((0, count - 1))
    step = count
    while step > 1:
        step = -(-step // 2)
        order.update(dict.fromkeys(range(0, count, step)))
    return list(order)
