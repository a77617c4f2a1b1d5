"""Which injection is which: from an id to its stratum, fault and input."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from onnxfi.campaign.planning.strata import Stratum
from onnxfi.graph import Target

# The fractional part of the golden ratio in 64 bits: its multiples fill a circle evenly (Weyl).
_GOLDEN_RATIO = 0x9E3779B97F4A7C15
# Where inputs share a fault they run together, so many of them with so many faults.
_INPUTS_TOGETHER, _FAULTS_TOGETHER = 32, 8


@dataclass(frozen=True, slots=True)
class Shard:
    """Consecutive injections of one stratum; they share a records file.

    Attributes:
        first: id of the first injection.
        count: number of injections.
        stratum: index of the stratum in the plan.
    """

    first: int
    count: int
    stratum: int

    @property
    def file_name(self) -> str:
        """Name of the records file; files sort in the order of the injections."""
        return f"{self.first:012d}-{self.first + self.count - 1:012d}.parquet"


@dataclass(frozen=True, slots=True)
class _Round:
    """Some faults of one stratum, each with the inputs that it meets, spread over all inputs.

    The inputs are covered by as few windows of `width` inputs as can be. Consecutive faults share
    a window; of its injections, those of the same input follow one another.

    Attributes:
        fault: number of the first fault in its campaign.
        injection: id of the first injection.
        faults: number of faults.
        inputs: number of inputs of the campaign.
        width: inputs that each fault meets.
        shift: turns the faults' windows, so that short rounds do not meet the same inputs.
    """

    fault: int
    injection: int
    faults: int
    inputs: int
    width: int
    shift: int

    @property
    def windows(self) -> int:
        return -(-self.inputs // self.width)

    def locate(self, injection_id: int) -> tuple[int, int, int]:
        """Return the input, the number of the fault, and the id behind the last of this input."""
        i = injection_id - self.injection
        window = (i // self.width * self.windows + self.shift) // self.faults
        start, end = self._first_fault(window), self._first_fault(window + 1)
        slot, fault = divmod(i - start * self.width, end - start)
        index = window * (self.inputs - self.width) // max(1, self.windows - 1) + slot
        behind = self.injection + start * self.width + (slot + 1) * (end - start)
        return index, self.fault + start + fault, behind

    def _first_fault(self, window: int) -> int:
        return min(max(0, -((self.shift - window * self.faults) // self.windows)), self.faults)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every injection of a campaign, without listing them.

    Injection ids and the numbers of the faults count through the strata. Within a stratum the
    faults are spread evenly over the inputs; where it is run in rounds, those of each round are.

    Attributes:
        strata: the strata, those of the same targets one after the other.
        inputs: number of inputs.
        faults: number of faults of each stratum; the most where rounds may end early.
        inputs_per_fault: inputs that each fault meets, from 1 to `inputs`: so many injections.
        per_round: faults of a stratum in each round; None for all at once.
        sizes: bits of the targets of each stratum: what its part of the fault space weighs.
    """

    strata: Sequence[Stratum]
    inputs: int
    faults: Sequence[int]
    inputs_per_fault: int = 1
    per_round: int | None = None
    sizes: Sequence[int] = ()
    _first_faults: Sequence[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Count through the strata."""
        firsts = tuple(accumulate(self.faults, initial=0))
        object.__setattr__(self, "_first_faults", firsts)

    def __len__(self) -> int:
        """Return the number of injections."""
        return self._first_faults[-1] * self.inputs_per_fault

    @property
    def rounds(self) -> int:
        """Number of rounds, at least 1."""
        if self.per_round is None:
            return 1
        return max(1, -(-max(self.faults, default=0) // self.per_round))

    def expected(self, targets: Sequence[Target]) -> int:
        """Return the most injections of a round that hit some targets together."""
        return self.inputs_per_fault * sum(
            min(faults, self.per_round or faults)
            for stratum, faults in zip(self.strata, self.faults, strict=True)
            if stratum.targets == targets
        )

    def stratum(self, injection_id: int) -> int:
        """Return the index of the stratum of an injection."""
        return bisect_right(self._first_faults, injection_id // self.inputs_per_fault) - 1

    def round_index(self, injection_id: int) -> int:
        """Return the number of the round that an injection belongs to, from 0."""
        if self.per_round is None:
            return 0
        first = self._first_faults[self.stratum(injection_id)]
        return (injection_id // self.inputs_per_fault - first) // self.per_round

    def input_index(self, injection_id: int) -> int:
        """Return the index of the input that an injection meets."""
        return self._round(injection_id).locate(injection_id)[0]

    def fault_id(self, injection_id: int) -> int:
        """Return the number of an injection's fault; it keys the random generator."""
        return self._round(injection_id).locate(injection_id)[1]

    def by_input(self, shard: Shard) -> Iterator[tuple[int, range]]:
        """Yield the inputs that a shard's injections meet, each with the ids that meet it.

        The faults of the ids of one range are consecutive.
        """
        first, end = shard.first, shard.first + shard.count
        while first < end:
            index, _, behind = self._round(first).locate(first)
            yield index, range(first, min(behind, end))
            first = behind

    def by_fault(self, shard: Shard) -> Iterator[tuple[int, range]]:
        """Yield what `by_input` does in parts, so that those of few faults follow one another."""
        window: list[tuple[int, range, int]] = []
        for index, ids in self.by_input(shard):
            fault = self.fault_id(ids.start)
            if window and fault >= max(first + len(x) for _, x, first in window):
                yield from _few_faults_first(window)
                window = []
            window.append((index, ids, fault))
        yield from _few_faults_first(window)

    def shards(
        self,
        size: int,
        *,
        round_index: int | None = None,
        strata: Collection[int] | None = None,
    ) -> Iterator[Shard]:
        """Yield the shards of at most `size` injections, round by round; within one by id.

        Args:
            size: the most injections in a shard.
            round_index: only the shards of this round, from 0.
            strata: only the shards of the strata with these indices.
        """
        for number in range(self.rounds) if round_index is None else (round_index,):
            for stratum in range(len(self.faults)):
                if strata is not None and stratum not in strata:
                    continue
                first, end = self._ids(stratum, number)
                for start in range(first, end, size):
                    yield Shard(start, min(size, end - start), stratum)

    def shard_count(self, size: int) -> int:
        """Return the number of shards of at most `size` injections."""
        total = 0
        for stratum, faults in enumerate(self.faults):
            whole, first_round = divmod(faults, self.per_round or max(1, faults))
            for rounds, number in ((whole, 0), (1 if first_round else 0, whole)):
                if rounds:
                    first, end = self._ids(stratum, number)
                    total += rounds * -(-(end - first) // size)
        return total

    def _ids(self, stratum: int, round_index: int) -> tuple[int, int]:
        """Return the first id of a stratum's round, and the one behind its last."""
        first, end = self._first_faults[stratum], self._first_faults[stratum + 1]
        per_round = self.per_round or max(1, end - first)
        start = min(first + round_index * per_round, end)
        stop = min(start + per_round, end)
        return start * self.inputs_per_fault, stop * self.inputs_per_fault

    def _round(self, injection_id: int) -> _Round:
        stratum = self.stratum(injection_id)
        first, end = self._first_faults[stratum], self._first_faults[stratum + 1]
        per_round = self.per_round or end - first
        number = self.round_index(injection_id)
        start = first + number * per_round
        windows = -(-self.inputs // self.inputs_per_fault)
        return _Round(
            fault=start,
            injection=start * self.inputs_per_fault,
            faults=min(per_round, end - start),
            inputs=self.inputs,
            width=self.inputs_per_fault,
            shift=(number * _GOLDEN_RATIO % 2**64 * windows) >> 64,
        )


def _few_faults_first(window: Sequence[tuple[int, range, int]]) -> Iterator[tuple[int, range]]:
    """Yield parts of inputs with their ids and the first of their consecutive faults."""
    for some in (window[x : x + _INPUTS_TOGETHER] for x in range(0, len(window), _INPUTS_TOGETHER)):
        begin = min(fault for _, _, fault in some)
        end = max(fault + len(ids) for _, ids, fault in some)
        for start in range(begin, end, _FAULTS_TOGETHER):
            for index, ids, fault in some:
                part = ids[max(0, start - fault) : max(0, start + _FAULTS_TOGETHER - fault)]
                if part:
                    yield index, part
