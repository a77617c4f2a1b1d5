"""The nine architectures of the onnx package: every split succeeds, and the halves are the whole.

Two of them by day, all at night. Run with ``-s`` to see the boundary of each target.
"""

import numpy as np
import pytest

import onnxfi
from onnxfi.runtime import Session
from tests.support.models.light_models import LIGHT_MODELS, densified

OPERATORS = ("Conv", "Concat", "Relu", "Add")
SAMPLED = 6
BY_DAY = ("light_squeezenet",)


def test_there_are_nine() -> None:
    assert len(LIGHT_MODELS) == 9


@pytest.mark.parametrize(
    "name",
    [pytest.param(x, marks=() if x in BY_DAY else pytest.mark.nightly) for x in LIGHT_MODELS],
)
def test_every_split_succeeds_and_recomposes(name: str) -> None:
    model = onnxfi.load(densified(name))
    (graph_input,) = model.graph.inputs
    assert graph_input.name is not None
    assert graph_input.shape is not None
    x = np.random.default_rng(1).standard_normal(graph_input.shape.numpy()).astype(np.float32)
    feeds = {graph_input.name: x}
    targets = [target for op in OPERATORS for target in model.targets(op=op)]
    boundaries = {target.tensor: onnxfi.split(model, target).boundary for target in targets}
    expected = Session(model, provider="cpu").run(feeds)

    step = -(-len(targets) // SAMPLED)
    for target in targets[::step]:
        with onnxfi.Injector(model, target, provider="cpu") as injector:
            golden = injector.golden(feeds)
        assert injector.split.boundary == boundaries[target.tensor]
        for output, array in expected.items():
            error = np.abs(golden.outputs[output] - array).max() / np.abs(array).max()
            assert error < 1e-4, f"{target.tensor}: {error}"
    counts = [len(boundary) for boundary in boundaries.values()]
    print(  # noqa: T201  # seen with -s
        f"\n{name}: {len(targets)} targets, {len(targets[::step])} recomposed, "
        f"boundary tensors {min(counts)} to {max(counts)}, mean {np.mean(counts):.2f}"
    )
