"""Finds how many injections at a target can share a batch."""

from collections.abc import Mapping, Sequence

import numpy as np

from onnxfi.graph import Model, Target, sizes_depend_on
from onnxfi.injector.inputs import check_inputs
from onnxfi.runtime import Provider, Session, choose_provider
from onnxfi.suffix import RunSettings, Tensors, find_push_region
from onnxfi.suffix.lanes import LaneDecision, Lanes
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
    golden = prefix.run(check_inputs(model, inputs[0]))
    del prefix  # and its working memory
    (stage,) = parts.stages
    settings = RunSettings(provider=chosen, threads=_THREADS)
    if parts.target.kind == "weight":
        lanes = Lanes(stage.model, (), settings, shared=[parts.target.tensor])
        return lanes.decide(golden)
    return _of_activation(stage, golden, settings)


def _of_activation(stage: Stage, golden: Tensors, settings: RunSettings) -> LaneDecision:
    region = find_push_region(stage, provider=settings.provider)
    if not region.behind.graph.outputs:
        return LaneDecision(1, "Corruptions are pushed as far as the outputs: nothing runs.")
    values = {**golden}
    if region.nodes:
        session = settings.open(region.model)
        names = [x.name or "" for x in region.model.graph.inputs]
        values |= session.run({name: values[name] for name in names})
    return Lanes(region.behind, region.entry, settings).decide(values)
