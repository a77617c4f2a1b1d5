"""Decides after each round which strata continue."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from onnxfi.campaign.planning.plan import Plan
from onnxfi.configuration import Until
from onnxfi.run_directory import Shard
from onnxfi.statistics import wilson


class Rounds:
    """Decides after each round which strata have enough injections.

    Decisions count whole rounds only, so the records do not depend on workers or interruptions.
    """

    def __init__(self, plan: Plan, until: Until | None) -> None:
        """Begin before the first round.

        Args:
            plan: the plan.
            until: when a stratum has enough injections; None for a single round.
        """
        self._plan = plan
        self._until = until
        # Number of sdc outcomes by stratum and round.
        self._sdc: dict[int, Counter[int]] = defaultdict(Counter)

    def add(self, shard: Shard, outcomes: Mapping[str, int]) -> None:
        """Add the outcomes of a shard, or of a part of it."""
        number = self._plan.round_index(shard.first)
        self._sdc[shard.stratum][number] += outcomes.get("sdc", 0)

    def add_records(self, tables: Iterable[pa.Table]) -> None:
        """Add records of an earlier run, with `injection_id` and `outcome`."""
        for table in tables:
            wrong = np.asarray(table["outcome"].to_numpy() == "sdc")
            for injection_id in table["injection_id"].to_numpy()[wrong].tolist():
                stratum = self._plan.stratum(injection_id)
                self._sdc[stratum][self._plan.round_index(injection_id)] += 1

    def shards(self, size: int) -> Iterator[Iterator[Shard]]:
        """Yield the shards of each round, for the strata that continue.

        The outcomes of a round must be added before the next round is requested.

        Args:
            size: largest number of injections in a shard.
        """
        continuing = set(range(len(self._plan.faults)))
        for number in range(self._plan.rounds):
            if continuing:
                yield self._plan.shards(size, round_index=number, strata=continuing)
            continuing = {x for x in continuing if not self._has_enough(x, number)}

    def _has_enough(self, stratum: int, number: int) -> bool:
        if self._until is None:
            return False
        faults = min(self._plan.faults[stratum], (number + 1) * self._until.per_round)
        count = sum(self._sdc[stratum][x] for x in range(number + 1))
        # The trials are the faults, as if all inferences with one fault were alike: a cautious
        # interval.
        low, high = wilson(
            count,
            faults * self._plan.inputs_per_fault,
            faults,
            confidence=self._until.confidence,
        )
        return (high - low) / 2 <= (self._until.margin or 0.0)
