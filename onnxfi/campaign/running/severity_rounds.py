"""Decides after each round which strata of scored faults run next."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from onnxfi.campaign.planning.plan import Plan
from onnxfi.campaign.running.rounds import Rounds
from onnxfi.campaign.running.scored_faults import scored_faults
from onnxfi.campaign.running.worker import Worker
from onnxfi.configuration import Until
from onnxfi.run_directory import Shard
from onnxfi.statistics.stratified import (
    SHARES,
    StratumCounts,
    allocate,
    pilot,
    round_size,
    stratified_rate,
)


def make_rounds(worker: Worker) -> "Rounds | SeverityRounds":
    """Return what decides on the injections of each round."""
    configuration, plan = worker.configuration, worker.plan
    until = configuration.injections.until
    if configuration.injections.sampling == "severity":
        return SeverityRounds(plan, until, seed=configuration.seed, parts=worker.scored.parts)
    return Rounds(plan, until)


class SeverityRounds:
    """Allocates the injections of each round to targets and score strata.

    The injections of a score stratum are drawn from all targets, in proportion to the bits of its
    faults at each; so the strata of the network have one rate each. Decisions count whole rounds
    only, so the records do not depend on workers or interruptions.
    """

    def __init__(
        self,
        plan: Plan,
        until: Until | None,
        *,
        seed: int,
        parts: Callable[[str], np.ndarray],
    ) -> None:
        """Begin before the first round.

        Args:
            plan: a plan with score strata.
            until: when the rate of the network is precise enough; None to run all injections.
            seed: seed of the campaign.
            parts: returns the shares of the pairs of an error model in each stratum.
        """
        self._plan = plan
        self._labels = list(dict.fromkeys(x.label for x in plan.strata))
        self._networks = [
            _Network(plan, label, until, seed=(seed, number), parts=parts)
            for number, label in enumerate(self._labels)
        ]

    def add(self, shard: Shard, outcomes: Mapping[str, int]) -> None:
        """Add the outcomes of a shard, or of a part of it."""
        for network in self._networks:
            network.add(shard.stratum, shard.first, outcomes.get("sdc", 0))

    def add_records(self, tables: Iterable[pa.Table]) -> None:
        """Add records of an earlier run, with `injection_id` and `outcome`."""
        for table in tables:
            wrong = np.asarray(table["outcome"].to_numpy() == "sdc")
            for injection_id in table["injection_id"].to_numpy()[wrong].tolist():
                for network in self._networks:
                    network.add(self._plan.stratum(injection_id), injection_id, 1)

    def shards(self, size: int) -> Iterator[Iterator[Shard]]:
        """Yield the shards of each round.

        The outcomes of a round must be added before the next round is requested.

        Args:
            size: largest number of injections in a shard.
        """
        while True:
            ranges = [x for network in self._networks for x in network.next_round()]
            if not ranges:
                return
            yield _shards(ranges, size)


class _Network:
    """The injections of one error model."""

    def __init__(
        self,
        plan: Plan,
        label: str,
        until: Until | None,
        *,
        seed: tuple[int, int],
        parts: Callable[[str], np.ndarray],
    ) -> None:
        self._plan = plan
        self._until = until
        self._strata = [
            [
                place
                for place, x in enumerate(plan.strata)
                if x.label == label and x.score_stratum == of_score
            ]
            for of_score in range(len(SHARES))
        ]
        self._label, self._parts_of = label, parts
        self._most = plan.faults[self._strata[0][0]]
        error_models = [plan.strata[x].error_models[0] for x in self._strata[0]]
        self._draws = min(scored_faults(x, plan.inputs) for x in error_models)
        self._seed = seed
        self._rounds = 0
        # Number of injections of each stratum of the plan that earlier rounds chose, and the sdc
        # outcomes among its injections, as pairs of the first id and their number.
        self._chosen: dict[int, int] = {x: 0 for group in self._strata for x in group}
        self._sdc: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def add(self, stratum: int, first: int, count: int) -> None:
        if stratum in self._chosen and count:
            self._sdc[stratum].append((first, count))

    def next_round(self) -> Sequence[Shard]:
        """Return the ranges of ids of the next round; none if the rate is known well enough."""
        counts = self._counts()
        left = self._most - counts.total
        if not counts.total:
            wanted = pilot(counts.shares)
            wanted = wanted if wanted.sum() <= left else allocate(counts, left)
        else:
            size = self._size(counts, left)
            if size <= 0:
                return ()
            wanted = allocate(counts, size, confidence=self._confidence)
        rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(self._rounds,)))
        self._rounds += 1
        return [
            self._take(stratum, int(count))
            for group, total, parts in zip(
                self._strata, wanted.tolist(), self._parts_of(self._label), strict=True
            )
            for stratum, count in zip(group, rng.multinomial(total, parts), strict=True)
            if count
        ]

    @property
    def _confidence(self) -> float:
        return 0.95 if self._until is None else self._until.confidence

    def _size(self, counts: StratumCounts, left: int) -> int:
        found = stratified_rate(counts, confidence=self._confidence, draws=self._draws)
        if self._until is None:
            return round_size(counts, found, 0.0, most=left)
        margin = self._until.margin or (self._until.relative or 0.0) * found.share
        if 0 < (found.high - found.low) / 2 <= margin:
            return 0
        return round_size(counts, found, margin, most=left)

    def _counts(self) -> StratumCounts:
        runs = [sum(self._chosen[x] for x in group) for group in self._strata]
        hits = [sum(map(self._sdc_before, group)) for group in self._strata]
        return StratumCounts(np.array(SHARES), np.array(runs), np.array(hits))

    def _sdc_before(self, stratum: int) -> int:
        """Return the sdc outcomes of a stratum in earlier rounds."""
        end = self._plan.first_id(stratum) + self._chosen[stratum]
        return sum(count for first, count in self._sdc[stratum] if first < end)

    def _take(self, stratum: int, count: int) -> Shard:
        first = self._plan.first_id(stratum) + self._chosen[stratum]
        self._chosen[stratum] += count
        return Shard(first, count, stratum)


def _shards(ranges: Iterable[Shard], size: int) -> Iterator[Shard]:
    """Yield ranges in parts, those of the same targets together."""
    for each in sorted(ranges, key=lambda x: x.stratum):
        for start in range(0, each.count, size):
            yield Shard(each.first + start, min(size, each.count - start), each.stratum)
