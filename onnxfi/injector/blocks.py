"""Forms the blocks of injections that run together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from onnxfi.injector.golden import Golden

# A block may take so many seconds; its outputs and its golden runs so many bytes each.
_FIRST, _MOST = 16, 4096
_SHORT, _LONG = 0.5, 1.5
_LARGEST = 64 << 20


@dataclass(frozen=True, eq=False, slots=True)
class Meeting:
    """A golden run, and the faults that meet it.

    Attributes:
        golden: the golden run.
        first_id: id of the first injection; the others follow.
        faults: numbers of the faults, one for each injection.
        input_index: which input of a campaign it is.
    """

    golden: Golden
    first_id: int
    faults: range
    input_index: int = 0

    @property
    def ids(self) -> range:
        """The ids of the injections."""
        return range(self.first_id, self.first_id + len(self.faults))

    def part(self, start: int, stop: int) -> "Meeting":
        """Return some of the faults with this golden run."""
        return replace(self, first_id=self.first_id + start, faults=self.faults[start:stop])


class BlockSizes:
    """Cuts meetings into blocks: large enough to share their costs, and never long ones."""

    def __init__(self, most: int = _MOST) -> None:
        """Begin with a small block.

        Args:
            most: the most injections of a block.
        """
        self._most = most
        self._size = min(_FIRST, most)

    def blocks(self, meetings: Iterable[Meeting]) -> Iterator[list[Meeting]]:
        """Yield blocks of the size that counts when each is begun."""
        block: list[Meeting] = []
        room, held = self._size, 0
        for meeting in meetings:
            start = 0
            held += meeting.golden.nbytes
            while start < len(meeting.faults):
                one = meeting.part(start, start + room)
                block.append(one)
                start += len(one.faults)
                room -= len(one.faults)
                if not room or held > _LARGEST:
                    yield block
                    block, room, held = [], self._size, 0
        if block:
            yield block

    def took(self, seconds: float, golden: Golden) -> None:
        """Choose the next block's size from the time of the last, and what its outputs take."""
        if seconds > _LONG:
            self._size = max(1, self._size // 2)
            return
        size = sum(getattr(x, "nbytes", 0) for x in golden.outputs.values())
        wanted = 2 * self._size if seconds < _SHORT else self._size
        self._size = max(1, min(wanted, self._most, _LARGEST // max(1, size)))
