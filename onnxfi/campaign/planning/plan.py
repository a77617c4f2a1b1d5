"""Maps each injection id to its stratum, fault and input."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from onnxfi.campaign.planning.strata import Stratum
from onnxfi.error_models import OperationReader
from onnxfi.graph import Target
from onnxfi.run_directory import Shard

# The fractional part of the golden ratio, in units of 2^-64: its multiples spread evenly over the
# unit interval (H. Weyl, Math. Ann. 77, 1916, 313-352).
_GOLDEN_RATIO = 0x9E3779B97F4A7C15
# Inputs that share a faulty weight run in one batch: so many inputs with so many faults.
_INPUTS_TOGETHER, _FAULTS_TOGETHER = 32, 8


@dataclass(frozen=True, slots=True)
class _Round:
    """One round of a stratum: its faults and the inputs that they meet.

    Each fault meets a range of `width` consecutive inputs. The fewest ranges that cover all inputs
    are used, and faults are spread evenly over them. Consecutive faults share a range, and the
    injections of a range are ordered by input.

    Attributes:
        fault: number of the first fault in its campaign.
        injection: id of the first injection.
        faults: number of faults.
        inputs: number of inputs of the campaign.
        width: inputs that each fault meets.
        shift: rotates the ranges, so that short rounds do not all meet the same inputs.
    """

    fault: int
    injection: int
    faults: int
    inputs: int
    width: int
    shift: int

    @property
    def input_ranges(self) -> int:
        return -(-self.inputs // self.width)

    def locate(self, injection_id: int) -> tuple[int, int, int]:
        """Return the input, the number of the fault, and the end of the ids that meet the input."""
        i = injection_id - self.injection
        input_range = (i // self.width * self.input_ranges + self.shift) // self.faults
        start, end = self._first_fault(input_range), self._first_fault(input_range + 1)
        slot, fault = divmod(i - start * self.width, end - start)
        index = input_range * (self.inputs - self.width) // max(1, self.input_ranges - 1) + slot
        id_end = self.injection + start * self.width + (slot + 1) * (end - start)
        return index, self.fault + start + fault, id_end

    def _first_fault(self, input_range: int) -> int:
        """Return the index, in the round, of the first fault that meets an input range."""
        rotated = -((self.shift - input_range * self.faults) // self.input_ranges)
        return min(max(0, rotated), self.faults)


@dataclass(frozen=True)
class Plan:
    """All injections of a campaign, computed instead of listed.

    Injection ids and fault numbers count through the strata. The faults of a stratum, or of each of
    its rounds, are spread evenly over the inputs.

    Attributes:
        strata: the strata; strata of the same targets follow one another.
        inputs: number of inputs.
        faults: number of faults of each stratum; an upper bound where rounds may end early.
        inputs_per_fault: number of inputs that each fault meets, from 1 to `inputs`.
        per_round: faults of a stratum in each round; None for a single round.
        sizes: bits of the targets of each stratum: its weight in the fault space.
        most: the most injections of the campaign, where it is below the sum of the strata; None
            elsewhere.
    """

    strata: Sequence[Stratum]
    inputs: int
    faults: Sequence[int]
    inputs_per_fault: int = 1
    per_round: int | None = None
    sizes: Sequence[int] = ()
    most: int | None = None

    @cached_property
    def reads_operations(self) -> bool:
        """Whether an error model reads the operands of the target's operator."""
        return any(isinstance(x, OperationReader) for y in self.strata for x in y.error_models)

    @cached_property
    def _first_faults(self) -> tuple[int, ...]:
        """The number of the first fault of each stratum, and the end of the last."""
        return tuple(accumulate(self.faults, initial=0))

    def __len__(self) -> int:
        """Return the number of injections."""
        if self.most is not None:
            return self.most
        return self._first_faults[-1] * self.inputs_per_fault

    @property
    def rounds(self) -> int:
        """Number of rounds, at least 1."""
        if self.per_round is None:
            return 1
        return max(1, -(-max(self.faults, default=0) // self.per_round))

    def expected(self, targets: Sequence[Target]) -> int:
        """Return the largest number of injections in a round that hit the targets together."""
        if self.most is not None:
            return self.most // len({x.targets for x in self.strata})
        return self.inputs_per_fault * sum(
            min(faults, self.per_round or faults)
            for stratum, faults in zip(self.strata, self.faults, strict=True)
            if stratum.targets == targets
        )

    def first_id(self, stratum: int) -> int:
        """Return the id of the first injection of a stratum."""
        return self._first_faults[stratum] * self.inputs_per_fault

    def stratum(self, injection_id: int) -> int:
        """Return the index of the stratum of an injection."""
        return bisect_right(self._first_faults, injection_id // self.inputs_per_fault) - 1

    def round_index(self, injection_id: int) -> int:
        """Return the round of an injection, counted from 0."""
        if self.per_round is None:
            return 0
        first = self._first_faults[self.stratum(injection_id)]
        return (injection_id // self.inputs_per_fault - first) // self.per_round

    def input_index(self, injection_id: int) -> int:
        """Return the index of the input that an injection meets."""
        return self._round(injection_id).locate(injection_id)[0]

    def fault_id(self, injection_id: int) -> int:
        """Return the fault number of an injection, which keys its random generator."""
        return self._round(injection_id).locate(injection_id)[1]

    def by_input(self, shard: Shard) -> Iterator[tuple[int, range]]:
        """Yield the inputs of a shard, each with the ids that meet it.

        The ids of one range have consecutive faults.
        """
        first, end = shard.first, shard.first + shard.count
        while first < end:
            index, _, id_end = self._round(first).locate(first)
            yield index, range(first, min(id_end, end))
            first = id_end

    def by_fault(self, shard: Shard) -> Iterator[tuple[int, range]]:
        """Yield the same pairs as `by_input`, split and ordered so that inputs share faults."""
        sharing: list[_InputFaults] = []
        for index, ids in self.by_input(shard):
            fault = self.fault_id(ids.start)
            if sharing and fault >= max(x.fault + len(x.ids) for x in sharing):
                yield from _interleave_inputs(sharing)
                sharing = []
            sharing.append(_InputFaults(index, ids, fault))
        yield from _interleave_inputs(sharing)

    def shards(
        self,
        size: int,
        *,
        round_index: int | None = None,
        strata: Collection[int] | None = None,
    ) -> Iterator[Shard]:
        """Yield the shards of at most `size` injections, by round and then by id.

        Args:
            size: largest number of injections in a shard.
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
        """Return the first id of a stratum's round, and the end of its ids."""
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
        input_ranges = -(-self.inputs // self.inputs_per_fault)
        return _Round(
            fault=start,
            injection=start * self.inputs_per_fault,
            faults=min(per_round, end - start),
            inputs=self.inputs,
            width=self.inputs_per_fault,
            shift=(number * _GOLDEN_RATIO % 2**64 * input_ranges) >> 64,
        )


@dataclass(frozen=True, slots=True)
class _InputFaults:
    """The injections of consecutive faults with one input.

    Attributes:
        index: index of the input.
        ids: ids of the injections.
        fault: number of the first fault.
    """

    index: int
    ids: range
    fault: int


def _interleave_inputs(sharing: Sequence[_InputFaults]) -> Iterator[tuple[int, range]]:
    """Yield inputs with parts of their ids, so that a few faults meet many inputs in a row.

    Args:
        sharing: inputs that share faults.
    """
    for start in range(0, len(sharing), _INPUTS_TOGETHER):
        together = sharing[start : start + _INPUTS_TOGETHER]
        first = min(x.fault for x in together)
        end = max(x.fault + len(x.ids) for x in together)
        for fault in range(first, end, _FAULTS_TOGETHER):
            for x in together:
                part = x.ids[max(0, fault - x.fault) : max(0, fault + _FAULTS_TOGETHER - x.fault)]
                if part:
                    yield x.index, part
