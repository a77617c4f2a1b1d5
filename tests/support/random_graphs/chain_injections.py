"""Injects into random chains, in each way in which the engine can run them."""

import numpy as np

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.injector.injection_batch import InjectionBatch
from onnxfi.injector.metrics import Classification
from onnxfi.suffix import DEFAULT_POLICY, Policy

COUNT = 20  # injections into each input


def injections(
    model: onnxfi.Model,
    target: str,
    feeds: list[dict[str, np.ndarray]],
    lanes: int | str,
    propagation: bool,
    policy: Policy = DEFAULT_POLICY,
) -> tuple[list[onnxfi.Injection], list[np.ndarray]]:
    """Inject into several inputs at once; also return their golden tensors."""
    with onnxfi.Injector(
        *(model, target),
        provider="cpu",
        threads=1,
        lanes=lanes,  # type: ignore[arg-type]
        propagation=propagation,
        policy=policy,
    ) as injector:
        goldens = [injector.golden(x) for x in feeds]
        meetings = [InjectionBatch(x, COUNT * n, range(COUNT)) for n, x in enumerate(goldens)]
        blocks = injector.inject_all(meetings, BitFlip(), seed=1, metric=Classification())
        return [x for block in blocks for x in block], [x.target for x in goldens]
