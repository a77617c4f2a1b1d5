"""Lanes wait at entries until it is their turn."""

from collections.abc import Sequence

import numpy as np

from onnxfi.suffix import Batch, GoldenTensors
from onnxfi.suffix.batch import Advanced
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases.phase import Entry, Phase
from onnxfi.suffix.waiting import Waiting


class Takes(Phase):
    """Takes all lanes whose number it is given."""

    def __init__(self, lanes: Sequence[int] | None = None, *, dense: bool = True) -> None:
        """Take some lanes, or all; whole tensors or only patches."""
        self._lanes = lanes
        self.computes_whole_tensors = dense  # type: ignore[misc]

    def wanted(self, batch: Batch) -> np.ndarray:
        """Return its lanes."""
        return np.array([self._lanes is None or x in self._lanes for x in batch.lanes])

    def run(self, batch: Batch) -> Advanced:
        """Never run."""
        raise AssertionError("Only the turns are tested.")


def at(lanes: Sequence[int], *, columns: int = 2, dense: bool = False) -> Batch:
    golden = GoldenTensors({"x": np.zeros((1, columns), np.float32)})
    patch = {"x": LanePatch(np.array([0]), np.ones(1, np.float32))}
    return Batch(lanes, [golden] * len(lanes), by_lane=[patch] * len(lanes), dense=dense)


def entry(*phases: Phase, depth: int = 0, waits: bool = True, joins: bool = True) -> Entry:
    return Entry(["x"], ["x"], phases, depth=depth, waits_for_more=waits, joins=joins)


def test_the_earliest_entry_goes_first_and_joins_equal_shapes() -> None:
    waiting, late, early = Waiting(8), entry(Takes(), depth=2), entry(Takes(), depth=1)
    waiting.add(late, at([0]))
    waiting.add(early, at([1, 2]))
    waiting.add(early, at([3], columns=5))
    waiting.add(early, at([4]))
    waiting.add(None, at([5]))
    waiting.add(late, None)
    turns = [(where, list(batch.lanes)) for where, _, batch in waiting.turns()]
    assert turns == [(early, [1, 2, 4]), (early, [3]), (late, [0])]


def test_some_entries_join_nothing() -> None:
    waiting, apart = Waiting(8), entry(Takes(), joins=False)
    for lane in range(3):
        waiting.add(apart, at([lane]))
    assert [list(batch.lanes) for _, _, batch in waiting.turns()] == [[0], [1], [2]]


def test_each_lane_goes_to_the_first_phase_that_wants_it() -> None:
    first, second, last = Takes([1]), Takes([1, 2]), Takes()
    waiting = Waiting(8)
    waiting.add(entry(first, second, last), at([0, 1, 2, 3]))
    assert [(phase, list(batch.lanes)) for _, phase, batch in waiting.turns()] == [
        (first, [1]),
        (second, [2]),
        (last, [0, 3]),
    ]


def test_dense_lanes_skip_phases_of_patches() -> None:
    sparse, whole = Takes(dense=False), Takes()
    waiting, here = Waiting(8), entry(sparse, whole)
    waiting.add(here, at([0]))
    waiting.add(here, at([1], dense=True))
    assert [(phase, list(batch.lanes)) for _, phase, batch in waiting.turns()] == [
        (sparse, [0]),
        (whole, [1]),
    ]


def test_large_patches_go_on_once_they_fill_a_batch() -> None:
    class Halves(Takes):
        def parts(self, batch):  # type: ignore[no-untyped-def]
            yield from (batch.select([n]) for n in range(len(batch)))

    waiting = Waiting(2)
    early, late = entry(Halves()), entry(Takes(), depth=3, waits=False)
    waiting.add(early, at([0, 1, 2, 3, 4]))
    went = []
    for where, _, batch in waiting.turns():
        went.append(list(batch.lanes))
        if where is early:
            waiting.add(late, batch)
    assert went == [[0], [1], [0, 1], [2], [3], [2, 3], [4], [4]]
