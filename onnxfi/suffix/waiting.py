"""Keeps the lanes that wait at entries, and hands them to phases."""

from collections.abc import Iterator, Sequence

from onnxfi.suffix.batch import Batch
from onnxfi.suffix.phases.phase import Entry, Phase

#: The entry where lanes waited, the phase that runs next, and the lanes that it takes.
Turn = tuple[Entry, Phase, Batch]


class Waiting:
    """Lanes that wait at entries; for one thread.

    The earliest entry goes first, so that lanes of all golden runs are joined at an entry before
    its phases run. Lanes with large patches go on as soon as they fill a batch.
    """

    def __init__(self, most_lanes: int) -> None:
        """Begin without lanes.

        Args:
            most_lanes: lanes that fill a batch.
        """
        self._most_lanes = most_lanes
        self._batches: dict[tuple[object, ...], tuple[Entry, list[Batch]]] = {}
        self._turns: list[Iterator[Turn]] = []

    def add(self, entry: Entry | None, batch: Batch | None) -> None:
        """Let the lanes of a batch wait at an entry; None adds nothing."""
        if entry is None or batch is None:
            return
        key: tuple[object, ...] = (entry, batch.dense, entry.shapes(batch.goldens[0]))
        self._batches.setdefault(key, (entry, []))[1].append(batch)

    def turns(self) -> Iterator[Turn]:
        """Yield what runs next until no lane waits; lanes may be added in between."""
        while True:
            key = self._full_key()
            if key is None and not self._turns:
                key = min(self._batches, key=lambda x: self._batches[x][0].depth, default=None)
                if key is None:
                    return
            if key is not None:
                self._turns.append(_turns(*self._batches.pop(key)))
            turn = next(self._turns[-1], None)
            if turn is None:
                self._turns.pop()
            else:
                yield turn

    def _full_key(self) -> tuple[object, ...] | None:
        """Return where lanes with large patches fill a batch."""
        for key, (entry, batches) in self._batches.items():
            is_large = batches[0].dense or not entry.waits_for_more
            if is_large and sum(map(len, batches)) >= self._most_lanes:
                return key
        return None


def _turns(entry: Entry, batches: Sequence[Batch]) -> Iterator[Turn]:
    for batch in [Batch.joined(batches)] if entry.joins else batches:
        yield from ((entry, phase, some) for phase, some in entry.share(batch))
