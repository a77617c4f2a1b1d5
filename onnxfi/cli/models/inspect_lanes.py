"""The lanes of many targets, for ``onnxfi inspect --lanes``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.progress import track

from onnxfi.campaign.configuration import Inputs
from onnxfi.cli.options.inputs import read_samples
from onnxfi.cli.output import messages
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model, Target
from onnxfi.injector.inputs import check_inputs
from onnxfi.injector.random_inputs import random_inputs
from onnxfi.injector.target_lanes import lanes_of_target
from onnxfi.runtime.provider import Provider

_SAMPLES = 8  # inputs that a faulty weight is tried with


def lanes_of(
    model: Model, targets: Sequence[Target], inputs: Inputs | None, *, provider: Provider
) -> list[dict[str, Any]]:
    """Return ``lanes`` and ``lanes_reason`` of targets, tried one after the other.

    Args:
        model: the model.
        targets: the targets.
        inputs: where the inputs come from, of which the first few are used; None for random
            ones.
        provider: where to run.

    Raises:
        InputError: the inputs do not fit the model, or none can be made up.
        ProviderError: the provider cannot run here.
    """
    samples = _samples(model, inputs)
    rows = []
    for target in track(
        targets,
        "trying lanes",
        console=messages,
        transient=True,
        disable=not messages.is_terminal,  # a log file shall not fill with bars
    ):
        try:
            decision = lanes_of_target(model, target, samples, provider=provider)
            rows.append({"lanes": decision.lanes, "lanes_reason": decision.reason})
        except (InputError, ModelFormatError) as error:  # of this target; others may do
            rows.append({"lanes": None, "lanes_reason": str(error)})
    return rows


def _samples(model: Model, inputs: Inputs | None) -> list[dict[str, np.ndarray]]:
    if inputs is None:
        rng = np.random.default_rng(0)
        return [random_inputs(model, rng=rng) for _ in range(_SAMPLES)]
    read = read_samples(model, inputs)
    # The same ones again where there are too few for a batch.
    samples = [check_inputs(model, read.at(i)) for i in range(min(_SAMPLES, len(read)))]
    return [samples[i % len(samples)] for i in range(_SAMPLES)]
