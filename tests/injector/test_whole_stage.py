"""Blocks of wide corruptions go the faster way; what they give is tested with the records."""

from collections.abc import Sequence

import numpy as np
import pytest
from small_graphs import SMALL_GRAPHS

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.error_models.corruptions import Corruptions
from onnxfi.injector.corrupted_run import CorruptedRun
from onnxfi.injector.resumed import Resumed
from onnxfi.injector.whole_stage import WholeStage

TARGET = "c1"


class _Timed(WholeStage):
    """Both ways only say that they were gone, and take the seconds that a test says."""

    def __init__(self, whole: float, sparsely: float) -> None:
        (stage,) = onnxfi.split(onnxfi.load(SMALL_GRAPHS["skips"]()), TARGET).stages
        self.went: list[str] = []
        self.now = 0.0
        self.takes = {"whole": whole, "sparsely": sparsely}
        super().__init__(stage, self.sparsely, provider="cpu", threads=1, lanes="auto")
        self._clock = lambda: self.now

    def go(self, way: str, blocks: Sequence[CorruptedRun]) -> list[list[Resumed]]:
        self.went.append(way)
        self.now += self.takes[way] * sum(x.count for x in blocks)
        return [[Resumed({})] * x.count for x in blocks]

    def sparsely(self, blocks: Sequence[CorruptedRun]) -> list[list[Resumed]]:
        return self.go("sparsely", blocks)

    def _whole(self, blocks: Sequence[CorruptedRun]) -> list[list[Resumed]]:
        return self.go("whole", blocks)


def block(sites: int, count: int) -> list[CorruptedRun]:
    corruption = Corruption(np.arange(sites), np.ones(sites, np.float32))
    return [CorruptedRun({}, {TARGET: Corruptions.of([corruption] * count)})]


@pytest.mark.parametrize("faster", ["whole", "sparsely"])
def test_each_way_is_tried_and_the_faster_one_kept(faster: str) -> None:
    slower = "whole" if faster == "sparsely" else "sparsely"
    stage = _Timed(**{faster: 1.0, slower: 2.0})
    for count in (1, 7, 3, 50, 2, 9, 4, 6, 5, 100):
        assert len(stage.run(block(40, count))[0]) == count
    assert sorted(stage.went[:8]) == ["sparsely"] * 4 + ["whole"] * 4
    assert stage.went[8:] == [faster] * 2


def test_narrow_corruptions_are_pushed() -> None:
    stage = _Timed(whole=1.0, sparsely=2.0)
    for _ in range(20):
        stage.run(block(3, 5))
    assert set(stage.went) == {"sparsely"}
