"""Running a whole stage in lanes for wide corruptions, where that takes less time than pushing."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from onnxfi.suffix import LanePatch, Patches
from onnxfi.suffix.corrupted_run import CorruptedRun
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.lanes.decision import shapes_of
from onnxfi.suffix.lanes.lanes import Lanes
from onnxfi.surgery import Stage

# Corruptions of fewer sites on average are pushed: many of them come to nothing.
_WIDE = 32
# Of more weights, a second session takes memory, and what a run costs anyway hardly counts.
_MOST_WEIGHTS = 8 << 20
# Blocks that are run in each way before the faster one is kept.
_TRIES = 4

_Way = Literal["whole", "sparse"]
#: Runs blocks, and returns what became of each corruption of each block.
Run = Callable[[Sequence[CorruptedRun]], list[list[LaneResult]]]


class WholeStage:
    """Runs blocks of wide corruptions in the faster of two ways: sparsely, or all of the stage.

    Safe to use from several threads at once.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
    ) -> None:
        """Keep the stage; its session is opened when it is tried.

        Args:
            stage: the stage.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.
        """
        self._targets = tuple(x.tensor for x in stage.targets)
        self._inputs = tuple(x.name or "" for x in stage.model.graph.inputs)
        self._light = stage.model.weight_bytes <= _MOST_WEIGHTS
        self._open = partial(
            Lanes, stage.model, self._targets, provider=provider, threads=threads, lanes=lanes
        )
        self._lanes: Lanes | None = None
        self._clock = time.thread_time if threads == 1 else time.perf_counter
        # Seconds that an injection took, in each way.
        self._seconds: dict[_Way, list[float]] = {"whole": [], "sparse": []}

    def run(self, blocks: Sequence[CorruptedRun], sparsely: Run) -> list[list[LaneResult]]:
        """Return what became of each corruption of each block.

        Args:
            blocks: the blocks.
            sparsely: runs blocks in the other way.
        """
        wide = all(y.sizes.mean() > _WIDE for x in blocks for y in x.corruptions.values())
        if not wide or not self._light:
            return sparsely(blocks)
        way = self._next()
        start = self._clock()
        results = self._run(blocks) if way == "whole" else sparsely(blocks)
        if len(self._seconds[way]) < _TRIES:
            taken = self._clock() - start
            self._seconds[way].append(taken / sum(x.count for x in blocks))
        return results

    def _next(self) -> _Way:
        """Return the way that was tried less, and the faster one in the end."""
        tries = {way: len(x) for way, x in self._seconds.items()}
        if min(tries.values()) < _TRIES:
            return min(tries, key=lambda way: tries[way])
        return min(self._seconds, key=lambda way: min(self._seconds[way]))

    def _run(self, blocks: Sequence[CorruptedRun]) -> list[list[LaneResult]]:
        lanes = self._lanes
        if lanes is None:
            lanes = self._lanes = self._open()
        together: dict[object, list[CorruptedRun]] = {}
        for block in blocks:
            together.setdefault(shapes_of(block.golden, self._inputs), []).append(block)
        made: dict[int, list[LaneResult]] = {}
        for alike in together.values():
            goldens = [x.golden for x in alike for _ in range(x.count)]
            patches = [x for block in alike for x in self._patches(block)]
            ran = map(LaneResult, lanes.run(goldens, patches))
            made |= {id(block): [next(ran) for _ in range(block.count)] for block in alike}
        return [made[id(block)] for block in blocks]

    def _patches(self, block: CorruptedRun) -> list[dict[str, LanePatch]]:
        of_lanes: list[dict[str, LanePatch]] = [{} for _ in range(block.count)]
        for name in self._targets:
            size = block.golden[name].size
            for lane, patch in Patches.of(block.corruptions[name], size).lanes(size).items():
                of_lanes[lane][name] = patch
        return of_lanes
