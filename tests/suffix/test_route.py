"""Blocks of wide corruptions go the faster way; the same-records tests check the results."""

import weakref
from typing import Any, get_args
from unittest import mock

import numpy as np
import pytest

import onnxfi
from onnxfi import TargetKind
from onnxfi.error_models import Corruption
from onnxfi.suffix import Batch, GoldenTensors, Patches, RunSettings
from onnxfi.suffix.route import Route
from onnxfi.suffix.trial import Stopwatch
from tests.support.small_graphs import SMALL_GRAPHS

TARGET, SHAPE = "c1", (1, 4, 6, 6)


class _Trip:
    """Chooses ways for blocks, which take the seconds that a test sets."""

    def __init__(self, **takes: float) -> None:
        (stage,) = onnxfi.split(onnxfi.load(SMALL_GRAPHS["skips"]()), TARGET).stages
        self.route = Route(stage, RunSettings(threads=1))
        self.takes = takes
        self.went: list[str] = []
        self.now = 0.0

    def go(self, sites: int, count: int) -> None:
        corruption = Corruption(np.arange(sites), np.ones(sites, np.float32))
        golden = GoldenTensors({TARGET: np.zeros(SHAPE, np.float32)})
        patches = {TARGET: Patches.of([corruption] * count, int(np.prod(SHAPE)))}
        batch = Batch(range(count), [golden] * count, by_tensor=patches)
        stopwatch = mock.Mock(spec=Stopwatch, now=lambda: self.now)
        with (
            mock.patch.object(RunSettings, "stopwatch", stopwatch),
            self.route.choose([batch]) as entry,
        ):
            way = "whole" if len(entry.phases) == 1 else "sparse"
            self.went.append(way)
            self.now += self.takes[way] * count


@pytest.mark.parametrize("faster", ["whole", "sparse"])
def test_each_way_is_tried_and_the_faster_one_kept(faster: str) -> None:
    trip = _Trip(**{"whole": 2.0, "sparse": 2.0, faster: 1.0})
    for count in (1, 7, 3, 50, 2, 9, 4, 6, 5, 100):
        trip.go(40, count)
    assert sorted(trip.went[:8]) == ["sparse"] * 4 + ["whole"] * 4
    assert trip.went[8:] == [faster] * 2


def test_narrow_corruptions_are_pushed() -> None:
    trip = _Trip(whole=1.0, sparse=2.0)
    for _ in range(20):
        trip.go(3, 5)
    assert set(trip.went) == {"sparse"}


@pytest.mark.parametrize("kind", get_args(TargetKind))
def test_memory_is_freed_at_once(kind: TargetKind) -> None:
    """Nothing refers to the route from below, so no collection of garbage is waited for."""
    model = onnxfi.load(SMALL_GRAPHS["skips"]())
    (stage,) = onnxfi.split(model, model.targets(kind=kind)[0]).stages
    route = Route(stage, RunSettings(threads=1))
    gone: list[weakref.ref[Any]] = [weakref.ref(x) for x in (route, *route.entry.phases)]
    del route
    assert [x() for x in gone] == [None] * len(gone)
