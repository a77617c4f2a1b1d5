"""Measures the limits of a campaign's faulty executions."""

from onnxfi.campaign.running.worker import THREADS, Worker
from onnxfi.configuration import Configuration
from onnxfi.graph import sizes_depend_on
from onnxfi.injector import check_inputs
from onnxfi.runtime import LimitedSession, choose_provider


def measure_limits(worker: Worker) -> Configuration:
    """Return the worker's configuration with limits as numbers, where faults may need them.

    One golden run of the whole model gives the limits, so they are the same for all targets,
    inputs, workers and later runs.

    Args:
        worker: the worker, with its model, inputs and plan.

    Raises:
        OnnxfiError: the model or the first input does not fit.
    """
    configuration, model = worker.configuration, worker.model
    execution = configuration.execution
    limits = execution.limits.limits
    hit = {target.tensor for stratum in worker.plan.strata for target in stratum.targets}
    if "auto" not in (limits.seconds, limits.memory) or not sizes_depend_on(model, hit):
        return configuration
    session = LimitedSession(
        model,
        provider=choose_provider(execution.provider),
        threads=THREADS,
        limits=limits,
        merge=False,
    )
    session.run_golden(check_inputs(model, worker.inputs.at(0)))
    allowed = session.allowed
    session.close()
    resolved = execution.limits.model_copy(
        update={
            "seconds": "none" if allowed.seconds is None else allowed.seconds,
            "memory": "none" if allowed.memory is None else allowed.memory,
        }
    )
    return configuration.model_copy(
        update={"execution": execution.model_copy(update={"limits": resolved})}
    )
