"""Faults in several tensors at once: each hits what the ones before it have left."""

from collections.abc import Mapping

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import BitFlip, Zero
from tests.support.graph_facts import NodeByNode
from tests.support.small_graphs import SMALL_GRAPHS, dead_end, random_inputs, skips

# A graph, and the targets that are corrupted together, stage by stage.
CASES = [
    ("chain", [["a"], ["b"]]),
    ("chain", [["w"], ["a"], ["b"], ["y"]]),
    ("chain", [["x", "w", "c"]]),
    ("chain", [["x", "c"], ["b"]]),
    ("skips", [["c1"], ["c2"], ["cat"]]),
    ("skips", [["x", "k1", "k3"], ["r1"], ["g"]]),
    ("several_outputs", [["s1", "s2"], ["top"]]),
    ("several_outputs", [["r", "side"]]),
    ("constants", [["raw"], ["scale"], ["minus", "b"]]),
    ("constants", [["w", "a"]]),
    ("inputs_and_outputs", [["left", "right"], ["distance"]]),
    ("inputs_and_outputs", [["a", "b"], ["d"]]),
    ("branch_with_captures", [["a"], ["c"], ["chosen"]]),
    ("branch_with_captures", [["w", "x"], ["total"]]),
    ("loop_with_captures", [["a"], ["start"], ["end"]]),
    ("dead_end", [["a"], ["nowhere"]]),
    ("old_format", [["k"], ["c"]]),
]
# The highest of the mantissa: inverting it changes a value, and leaves it of the same size.
BIT = 22


class Flip:
    """Inverts the bit at some sites, and keeps what was there before."""

    def __init__(self, sites: np.ndarray) -> None:
        """Say where."""
        self.sites = sites
        self.replaced = np.empty(0, np.float32)

    def __call__(self, tensor: np.ndarray) -> np.ndarray:
        """Return a corrupted copy."""
        flat = tensor.flatten()
        self.replaced = flat[self.sites]
        flat.view(np.uint32)[self.sites] ^= np.uint32(1 << BIT)
        return flat.reshape(tensor.shape)


@pytest.mark.parametrize(("graph", "stages"), CASES)
def test_each_fault_hits_what_the_ones_before_it_have_left(
    graph: str, stages: list[list[str]]
) -> None:
    proto = SMALL_GRAPHS[graph]()
    feeds = random_inputs(proto)
    names = [name for stage in reversed(stages) for name in stage]
    with onnxfi.Injector(onnxfi.load(proto), names, provider="cpu") as injector:
        split = injector.split
        assert [{x.tensor for x in y.targets} for y in split.stages] == [set(x) for x in stages]
        golden = injector.golden(feeds)
        for injection in injector.inject(golden, BitFlip(bit=BIT), count=5):
            assert injection.targets == tuple(x.tensor for x in split.targets)
            corruptions = dict(zip(injection.targets, injection.corruptions, strict=True))
            flips = {name: Flip(corruption.indices) for name, corruption in corruptions.items()}
            expected = NodeByNode(proto).run(feeds, flips)
            assert_close(injection.outputs, expected)
            for name, replaced in zip(injection.targets, injection.replaced, strict=True):
                np.testing.assert_allclose(replaced, flips[name].replaced, rtol=2e-5, atol=1e-6)
            faulty = {name: expected[name] for name in names}
            assert_close(injector.resume(golden, faulty), expected)


def assert_close(got: Mapping[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for name, array in got.items():
        np.testing.assert_allclose(array, expected[name], rtol=2e-5, atol=1e-6, err_msg=name)


def test_the_first_fault_matters_to_the_second() -> None:
    """The test above would be empty if the changed value were the golden one."""
    proto = skips()
    with onnxfi.Injector(onnxfi.load(proto), ["x", "c1"], provider="cpu") as injector:
        golden = injector.golden(random_inputs(proto))
        (injection,) = injector.inject(golden, (Zero(fraction=1.0), BitFlip(bit=BIT)))
        (site,) = injection.corruptions[1].indices
        assert injection.replaced[1] != golden.targets["c1"].reshape(-1)[site]


def test_an_injection_depends_on_seed_and_id_alone() -> None:
    proto = skips()
    with onnxfi.Injector(onnxfi.load(proto), ["k1", "c1", "cat"], provider="cpu") as injector:
        golden = injector.golden(random_inputs(proto))
        together = list(injector.inject(golden, BitFlip(), count=6, seed=2))
        for injection in reversed(together):
            (alone,) = injector.inject(golden, BitFlip(), seed=2, first_id=injection.id)
            assert alone.corruptions == injection.corruptions
            assert alone.outcome == injection.outcome
    assert len({x.corruptions[2].indices[0] for x in together}) > 1


def test_targets_that_reach_no_output_are_masked(caplog: pytest.LogCaptureFixture) -> None:
    proto = dead_end()
    with onnxfi.Injector(onnxfi.load(proto), ["nowhere", "unused"], provider="cpu") as injector:
        assert "No output depends on nowhere or unused" in caplog.text
        golden = injector.golden(random_inputs(proto))
        assert {x.outcome for x in injector.inject(golden, Zero(), count=3)} == {"masked"}
