"""Stages and corruptions on which phases are compared with dense runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np
import onnx

import onnxfi
from onnxfi.runtime import Session
from onnxfi.suffix import Batch, GoldenTensors
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases.region import find_push_region
from onnxfi.surgery import Stage
from onnxfi.surgery.extract import extract
from tests.support import window_graphs
from tests.support.models.light_models import LIGHT_MODELS, densified
from tests.support.random_graphs.float_chains import float_chain
from tests.support.rule_checks import values_of_all_kinds
from tests.support.small_graphs import (
    SMALL_GRAPHS,
    dense_block,
    random_inputs,
    rounded_in_the_middle,
)

#: How many random graphs there are.
RANDOM = 40

#: Golden runs of each case; the last is like the first.
_SEEDS = (0, 1, 0)

Feeds = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Rest:
    """A model that follows an entry.

    Attributes:
        model: the model; outputs that are targets themselves are left out.
        tensors: the names of its inputs that carry patches.
    """

    model: onnxfi.Model
    tensors: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """A stage, and golden runs of it.

    Attributes:
        stage: the only stage of a model split at its targets.
        goldens: the golden runs.
    """

    stage: Stage
    goldens: tuple[GoldenTensors, ...]

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets."""
        return tuple(x.tensor for x in self.stage.targets)

    @cached_property
    def rest(self) -> Rest:
        """All of the stage, as it is behind a push region without nodes."""
        region = find_push_region(self.stage, propagation=False)
        return Rest(region.behind, region.entry)

    @cached_property
    def _session(self) -> Session:
        return Session(self.stage.model, threads=1)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(x.name or "" for x in self.stage.model.graph.inputs)

    def run(self, values: Feeds) -> dict[str, np.ndarray]:
        """Run the stage densely, alone, and return its outputs by name."""
        made = self._session.run({name: values[name] for name in self._names})
        targets = {x.name or "" for x in self.stage.model.graph.outputs} & {*self.targets}
        return made | {name: values[name] for name in targets}

    def tensor(self, name: str, values: Feeds) -> np.ndarray:
        """Return a tensor that the stage takes or computes."""
        if name in self._names:
            return values[name]
        graph = self.stage.model.graph
        (value,) = (x for node in graph for x in node.outputs if x.name == name)
        part = extract(self.stage.model, graph.inputs, [value])
        feeds = {x.name or "": values[x.name or ""] for x in part.graph.inputs}
        return Session(part, threads=1).run(feeds)[name]

    def batches(self) -> Iterator[Batch]:
        """Yield corruptions: one, many of a golden run, those of several, and golden values."""
        first = self.goldens[0]
        yield self._batch([first], count=1)
        yield self._batch([first], count=12)
        yield self._batch(self.goldens, count=4)
        yield self._batch(self.goldens[:2], count=4, unchanged=True)

    def _batch(
        self, goldens: Sequence[GoldenTensors], *, count: int, unchanged: bool = False
    ) -> Batch:
        """Return lanes of some golden runs: the same faults, or every other one without change."""
        patches, owners = [], []
        for golden in goldens:
            rng = np.random.default_rng(count)
            for lane in range(count):
                of_lane = {x: _patch(golden.values[x], rng) for x in self.targets}
                if unchanged and lane % 2:
                    of_lane = {x: _golden_patch(golden.values[x], y) for x, y in of_lane.items()}
                patches.append(of_lane)
                owners.append(golden)
        lanes = [7 + 3 * n for n in range(len(patches))]  # their numbers are no positions
        return Batch(lanes, owners, by_lane=patches)


def _patch(golden: np.ndarray, rng: np.random.Generator) -> LanePatch:
    """Return a patch of a few elements, or of half of them."""
    count = min(golden.size, int(rng.choice([1, 1, 2, 5, golden.size // 2 + 1])))
    place = np.sort(rng.choice(golden.size, count, replace=False))
    anything = values_of_all_kinds(rng, count, golden.dtype)
    slightly = (rng.choice([-1.5, 0.0, 0.9, 1.001], count) + 0 * place).astype(golden.dtype)
    return LanePatch(place, np.where(rng.random(count) < 0.3, anything, slightly))


def _golden_patch(golden: np.ndarray, patch: LanePatch) -> LanePatch:
    return LanePatch(patch.place, golden.reshape(-1)[patch.place])


def _open(proto: onnx.ModelProto, targets: Sequence[str], feeds: Sequence[Feeds]) -> Case:
    loaded = onnxfi.load(proto)
    (stage,) = onnxfi.split(loaded, targets).stages
    with onnxfi.Injector(loaded, targets, provider="cpu", threads=1, limits=None) as injector:
        return Case(stage, tuple(injector.golden(x).tensors for x in feeds))


def _some_targets(proto: onnx.ModelProto) -> list[tuple[str, ...]]:
    """Return three targets of float32 that reach an output, from early to late."""
    loaded = onnxfi.load(proto)
    every = [
        x.tensor
        for x in loaded.targets()
        if x.dtype == np.float32
        and x.tensor not in ("scales", "twice", "sizes", "once")
        and len(onnxfi.split(loaded, x).suffix.graph)
    ]
    return [(every[x],) for x in sorted({0, len(every) // 2, len(every) - 1})]


def _small(make: Callable[[], onnx.ModelProto]) -> list[Case]:
    proto = make()
    feeds = [random_inputs(proto, seed) for seed in _SEEDS]
    return [_open(proto, targets, feeds) for targets in _some_targets(proto)]


def _at(proto: onnx.ModelProto, *targets: str) -> list[Case]:
    return [_open(proto, targets, [random_inputs(proto, seed) for seed in _SEEDS])]


def _light(name: str) -> list[Case]:
    proto = densified(name)
    convolutions = onnxfi.load(proto).targets(kind="activation", op="Conv")
    return _at(proto, convolutions[-len(convolutions) // 4].tensor)


def _random(seed: int) -> list[Case]:
    chain = float_chain(seed)
    return [_open(chain.proto, [chain.target], chain.feeds)]


def _windows(name: str) -> list[Case]:
    return _at(onnx.shape_inference.infer_shapes(getattr(window_graphs, name)()), "x")


#: Graphs that windows go through.
WINDOWS = tuple(
    f"windows_{x}" for x in ("chain", "branches", "beyond", "decoder", "upward", "quantised")
)
_CASES: dict[str, Callable[[], list[Case]]] = {
    **{name: partial(_small, make) for name, make in SMALL_GRAPHS.items()},
    "two_targets": lambda: _at(SMALL_GRAPHS["inputs_and_outputs"](), "a", "b"),
    "two_weights": lambda: _at(SMALL_GRAPHS["skips"](), "k1", "k3"),
    "rounded": lambda: _at(rounded_in_the_middle(), "x"),
    "dense_block": lambda: _at(dense_block(1, "Relu"), "c1"),
    # The last one has a mean that windows must not read.
    **{f"random_{seed}": partial(_random, seed) for seed in (*range(RANDOM), 124)},
    **{x: partial(_windows, x.removeprefix("windows_")) for x in WINDOWS},
    **{name: partial(_light, name) for name in LIGHT_MODELS},
}


@cache
def find_cases(name: str) -> list[Case]:
    """Return the cases of a graph."""
    return _CASES[name]()
