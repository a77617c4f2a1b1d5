"""A pass that several targets share gives each what a pass of its own gives."""

from collections.abc import Iterable

import numpy as np
import onnx_ir as ir
import pytest

import onnxfi
from onnxfi.injector.golden_pass import GoldenPass
from onnxfi.surgery import extract, prefix_outputs
from tests.support.models.light_models import densified
from tests.support.small_graphs import SMALL_GRAPHS, constant, names_of, random_inputs, shape_of


def assert_same_bits(got: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for name, array in expected.items():
        assert got[name].shape == array.shape
        assert got[name].dtype == array.dtype
        assert got[name].tobytes() == array.tobytes(), name


def open_pass(model: onnxfi.Model, outputs: Iterable[ir.Value]) -> GoldenPass:
    part = extract(model, model.graph.inputs, list(dict.fromkeys(outputs)))
    return GoldenPass(part, provider="cpu", threads=1)


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_small_graphs(graph: str) -> None:
    proto = SMALL_GRAPHS[graph]()
    model, feeds = onnxfi.load(proto), random_inputs(proto)
    of_targets = [prefix_outputs(model, [target]) for target in model.targets()]
    everything = [value for outputs in of_targets for value in outputs]
    together = open_pass(model, everything).run(feeds)
    assert together.keys() == {value.name for value in everything}
    for outputs in of_targets:
        alone = open_pass(model, outputs).run(feeds)
        assert alone.keys() == {value.name for value in outputs}
        assert_same_bits(together, alone)


@pytest.mark.thorough
def test_convolutions_that_onnx_runtime_would_merge_with_what_follows() -> None:
    model = onnxfi.load(densified("light_resnet50"))
    (name_of_input,) = names_of(model.graph.inputs)
    image = np.random.default_rng(1).standard_normal(shape_of(model)).astype(np.float32)
    feeds = {name_of_input: image}
    targets = model.targets(kind="activation", op="Conv")[:6]
    values = [value for target in targets for value in prefix_outputs(model, [target])]
    together = open_pass(model, values).run(feeds)
    for target in targets[1::4]:
        with onnxfi.Injector(model, target, provider="cpu", threads=1) as injector:
            shared, own = injector.golden_from(together), injector.golden(feeds)
        assert_same_bits(dict(shared.values), dict(own.values))


def test_weights_are_not_copied_for_each_input() -> None:
    proto = SMALL_GRAPHS["skips"]()
    model = onnxfi.load(proto)
    weight = model.targets(kind="weight")[0]
    shared = open_pass(model, prefix_outputs(model, [weight]))
    one, other = (shared.run(random_inputs(proto, seed=seed)) for seed in (0, 1))
    assert one[weight.tensor] is other[weight.tensor]
    assert_same_bits(one, {weight.tensor: constant(model.values[weight.tensor])})
