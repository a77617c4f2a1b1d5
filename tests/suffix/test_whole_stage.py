"""Blocks of wide corruptions go the faster way; what they give is tested with the records."""

from collections.abc import Sequence

import numpy as np
import pytest

import onnxfi
from onnxfi.error_models import Corruption, Corruptions
from onnxfi.suffix.corrupted_run import CorruptedRun
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.whole_stage import WholeStage
from tests.support.small_graphs import SMALL_GRAPHS

TARGET = "c1"


class _Timed(WholeStage):
    """Both ways only say that they were gone, and take the seconds that a test says."""

    def __init__(self, **takes: float) -> None:
        (stage,) = onnxfi.split(onnxfi.load(SMALL_GRAPHS["skips"]()), TARGET).stages
        super().__init__(stage, provider="cpu", threads=1, lanes="auto")
        self.takes = takes
        self.went: list[str] = []
        self.now = 0.0
        self._clock = lambda: self.now

    def go(self, way: str, blocks: Sequence[CorruptedRun]) -> list[list[LaneResult]]:
        self.went.append(way)
        self.now += self.takes[way] * sum(x.count for x in blocks)
        return [[LaneResult({})] * x.count for x in blocks]

    def go_on(self, sites: int, count: int) -> int:
        corruption = Corruption(np.arange(sites), np.ones(sites, np.float32))
        blocks = [CorruptedRun({}, {TARGET: Corruptions.of([corruption] * count)})]
        return len(self.run(blocks, lambda blocks: self.go("sparse", blocks))[0])

    def _run(self, blocks: Sequence[CorruptedRun]) -> list[list[LaneResult]]:
        return self.go("whole", blocks)


@pytest.mark.parametrize("faster", ["whole", "sparse"])
def test_each_way_is_tried_and_the_faster_one_kept(faster: str) -> None:
    stage = _Timed(**{"whole": 2.0, "sparse": 2.0, faster: 1.0})
    for count in (1, 7, 3, 50, 2, 9, 4, 6, 5, 100):
        assert stage.go_on(40, count) == count
    assert sorted(stage.went[:8]) == ["sparse"] * 4 + ["whole"] * 4
    assert stage.went[8:] == [faster] * 2


def test_narrow_corruptions_are_pushed() -> None:
    stage = _Timed(whole=1.0, sparse=2.0)
    for _ in range(20):
        stage.go_on(3, 5)
    assert set(stage.went) == {"sparse"}
