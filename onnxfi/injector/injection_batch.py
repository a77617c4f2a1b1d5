"""Groups injections into blocks that run together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from onnxfi.display import counted
from onnxfi.injector.golden import Golden
from onnxfi.suffix import Policy


@dataclass(frozen=True, eq=False, slots=True)
class InjectionBatch:
    """A golden run, and the faults to inject into it.

    Attributes:
        golden: the golden run.
        first_id: id of the first injection; the others follow.
        faults: numbers of the faults, one for each injection.
        input_index: index of the input in a campaign.
    """

    golden: Golden
    first_id: int
    faults: range
    input_index: int = 0

    def __repr__(self) -> str:
        """Return one line: the input, and the number of injections."""
        count = counted(len(self.faults), "injection")
        return f"<onnxfi.InjectionBatch on input {self.input_index}: {count} from {self.first_id}>"

    @property
    def ids(self) -> range:
        """The ids of the injections."""
        return range(self.first_id, self.first_id + len(self.faults))

    def part(self, start: int, stop: int) -> "InjectionBatch":
        """Return some of the faults with this golden run."""
        return replace(self, first_id=self.first_id + start, faults=self.faults[start:stop])


class BlockSizes:
    """Cuts batches into blocks: large enough to share fixed costs, and never long."""

    def __init__(self, policy: Policy, *, most: int | None = None) -> None:
        """Begin with a small block.

        Args:
            policy: the thresholds.
            most: the most injections of a block; None for the policy's.
        """
        self._policy = policy
        self._most = policy.most_in_block if most is None else most
        self._size = min(policy.first_block, self._most)

    def blocks(self, batches: Iterable[InjectionBatch]) -> Iterator[list[InjectionBatch]]:
        """Yield blocks of the size that is current when each block begins."""
        block: list[InjectionBatch] = []
        room, held = self._size, 0
        for batch in batches:
            start = 0
            held += batch.golden.nbytes
            while start < len(batch.faults):
                part = batch.part(start, start + room)
                block.append(part)
                start += len(part.faults)
                room -= len(part.faults)
                if not room or held > self._policy.block_bytes:
                    yield block
                    block, room, held = [], self._size, 0
        if block:
            yield block

    def adapt(self, seconds: float, golden: Golden) -> None:
        """Choose the next block's size from the time of the last, and the size of its outputs."""
        policy = self._policy
        if seconds > policy.long_block:
            self._size = max(1, self._size // 2)
            return
        size = sum(getattr(x, "nbytes", 0) for x in golden.outputs.values())
        wanted = 2 * self._size if seconds < policy.short_block else self._size
        self._size = max(1, min(wanted, self._most, policy.block_bytes // max(1, size)))
