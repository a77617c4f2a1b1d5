"""Measures what a campaign's faulty executions may take."""

from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.running.worker import THREADS, Worker
from onnxfi.graph.size_dependence import sizes_depend_on
from onnxfi.injector.inputs import check_inputs
from onnxfi.runtime import choose_provider
from onnxfi.runtime.limited_session import LimitedSession


def with_limits(configuration: Configuration, worker: Worker) -> Configuration:
    """Return the configuration with limits as numbers, where faults may need them.

    They come from one golden run of the whole model, so that they are the same for all targets and
    inputs, for each worker and when the campaign is resumed.

    Args:
        configuration: the campaign's configuration.
        worker: has its model, its inputs and its plan.

    Raises:
        OnnxfiError: the model or the first input does not fit.
    """
    execution, model = configuration.execution, worker.model
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
