"""Finds how many injections at a target can share a batch."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.graph import Model, Target
from onnxfi.graph.size_dependence import sizes_depend_on
from onnxfi.injector.inputs import check_inputs
from onnxfi.runtime import Session
from onnxfi.runtime.provider import Provider, choose_provider
from onnxfi.suffix import find_region
from onnxfi.suffix.lanes.decision import LaneDecision
from onnxfi.suffix.lanes.input_lanes import InputLanes
from onnxfi.suffix.lanes.lanes import Lanes
from onnxfi.surgery import Stage, split

_THREADS = 1  # as campaigns of several workers have it


def lanes_of_target(
    model: Model,
    target: str | Target,
    inputs: Sequence[Mapping[str, np.ndarray]],
    *,
    provider: Provider = "auto",
) -> LaneDecision:
    """Decide on the lanes of a target as an `Injector` with ``lanes="auto"`` does.

    They are those of whole tensors, behind the operators that corruptions are pushed through. Of a
    weight they are inputs that meet the same fault.

    Args:
        model: the model.
        target: the target, or its tensor, layer or node name.
        inputs: inputs to try it with, at least one: one array per graph input, by name.
        provider: ``cpu``, ``cuda``, or ``auto`` for CUDA where it runs.

    Raises:
        TargetNotFoundError: the model has no such target.
        ProviderError: the provider cannot run here.
        ModelFormatError: ONNX Runtime cannot run the model.
        InputError: the inputs do not fit the model.
    """
    chosen = choose_provider(provider)
    parts = split(model, target)
    if not parts.faulty_outputs:
        return LaneDecision(1, "No output depends on it: nothing runs.")
    if sizes_depend_on(model, [parts.target.tensor]):
        return LaneDecision(1, "A fault may decide how much runs: injections run one by one.")
    prefix = Session(parts.prefix, provider=chosen, threads=_THREADS)
    goldens = [prefix.run(check_inputs(model, x)) for x in inputs]
    del prefix  # and its working memory
    (stage,) = parts.stages
    if parts.target.kind == "weight":
        return _of_weight(stage, parts.target.tensor, goldens, chosen)
    return _of_activation(stage, goldens[0], chosen)


def _of_weight(
    stage: Stage,
    weight: str,
    goldens: Sequence[Mapping[str, np.ndarray]],
    provider: Literal["cpu", "cuda"],
) -> LaneDecision:
    lanes = InputLanes(stage.model, [weight], provider=provider, threads=_THREADS, lanes="auto")
    session = Session(stage.model, provider=provider, threads=_THREADS)
    names = [x.name or "" for x in stage.model.graph.inputs]
    return lanes.decide(
        goldens,
        {weight: goldens[0][weight]},
        lambda values: session.run({name: values[name] for name in names}),
    )


def _of_activation(
    stage: Stage, golden: Mapping[str, np.ndarray], provider: Literal["cpu", "cuda"]
) -> LaneDecision:
    region = find_region(stage, propagation=provider == "cpu")
    if not region.rest.graph.outputs:
        return LaneDecision(1, "Corruptions are pushed as far as the outputs: nothing runs.")
    values = dict(golden)
    if region.steps:
        session = Session(region.model, provider=provider, threads=_THREADS)
        names = [x.name or "" for x in region.model.graph.inputs]
        values |= session.run({name: values[name] for name in names})
    lanes = Lanes(region.rest, region.frontier, provider=provider, threads=_THREADS, lanes="auto")
    return lanes.decide(values)
