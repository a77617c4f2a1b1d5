"""Measures the lanes of targets for ``onnxfi inspect --lanes``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.progress import track

from onnxfi.cli.options.inputs import read_samples
from onnxfi.cli.output import messages
from onnxfi.configuration import Inputs
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model, Target
from onnxfi.injector import check_inputs, draw_inputs, lanes_of_target
from onnxfi.runtime import Provider

_SAMPLES = 8  # inputs that faulty weights are measured with


def measure_lanes(
    model: Model, targets: Sequence[Target], inputs: Inputs | None, *, provider: Provider
) -> list[dict[str, Any]]:
    """Return ``lanes`` and ``lanes_reason`` of each target.

    Args:
        model: the model.
        targets: the targets.
        inputs: the inputs, which are used up to the number needed; None for random inputs.
        provider: the execution provider.

    Raises:
        InputError: the inputs do not fit the model, or random inputs cannot be drawn.
        ProviderError: the provider cannot run here.
    """
    samples = _samples(model, inputs)
    rows = []
    for target in track(
        targets,
        "measuring lanes",
        console=messages,
        transient=True,
        disable=not messages.is_terminal,  # no progress bars in log files
    ):
        try:
            decision = lanes_of_target(model, target, samples, provider=provider)
            rows.append({"lanes": decision.lanes, "lanes_reason": decision.reason})
        except (InputError, ModelFormatError) as error:  # other targets may succeed
            rows.append({"lanes": None, "lanes_reason": str(error)})
    return rows


def _samples(model: Model, inputs: Inputs | None) -> list[dict[str, np.ndarray]]:
    if inputs is None:
        rng = np.random.default_rng(0)
        return [draw_inputs(model, rng=rng) for _ in range(_SAMPLES)]
    read = read_samples(model, inputs)
    # Too few samples for a batch are repeated.
    samples = [check_inputs(model, read.at(i)) for i in range(min(_SAMPLES, len(read)))]
    return [samples[i % len(samples)] for i in range(_SAMPLES)]
