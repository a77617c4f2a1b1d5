"""Which strata go on after a round."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from onnxfi.campaign.configuration import Until
from onnxfi.campaign.planning.plan import Plan, Shard
from onnxfi.campaign.statistics.rate import wilson

#: Name of the file in the run directory of a campaign whose strata have all had enough.
ENOUGH = "enough"


class Rounds:
    """Decides after each round which strata have had enough injections.

    It looks at whole rounds only, so that the records are the same whoever runs them, and however
    often a run is interrupted.
    """

    def __init__(self, plan: Plan, until: Until | None) -> None:
        """Begin before the first round.

        Args:
            plan: the plan.
            until: when a stratum has had enough; None where that is after the only round.
        """
        self._plan = plan
        self._until = until
        # Number of sdc by round, of each stratum.
        self._sdc: dict[int, Counter[int]] = defaultdict(Counter)

    def add(self, shard: Shard, outcomes: Mapping[str, int]) -> None:
        """Add what came of a shard, or of a part of it."""
        number = self._plan.round_index(shard.first)
        self._sdc[shard.stratum][number] += outcomes.get("sdc", 0)

    def add_records(self, tables: Iterable[pa.Table]) -> None:
        """Add records of an earlier run, of which `injection_id` and `outcome` are read."""
        for table in tables:
            wrong = np.asarray(table["outcome"].to_numpy() == "sdc")
            for injection_id in table["injection_id"].to_numpy()[wrong].tolist():
                stratum = self._plan.stratum(injection_id)
                self._sdc[stratum][self._plan.round_index(injection_id)] += 1

    def shards(self, size: int) -> Iterator[Iterator[Shard]]:
        """Yield the shards of each round, for the strata that go on.

        What came of a round must have been added before the next is asked for.

        Args:
            size: the most injections in a shard.
        """
        going_on = set(range(len(self._plan.faults)))
        for number in range(self._plan.rounds):
            if going_on:
                yield self._plan.shards(size, round_index=number, strata=going_on)
            going_on = {x for x in going_on if not self._is_enough(x, number)}

    def _is_enough(self, stratum: int, number: int) -> bool:
        if self._until is None:
            return False
        faults = min(self._plan.faults[stratum], (number + 1) * self._until.per_round)
        count = sum(self._sdc[stratum][x] for x in range(number + 1))
        # The faults count, as if the inferences with one were all alike: never too sure.
        low, high = wilson(
            count,
            faults * self._plan.inputs_per_fault,
            faults,
            confidence=self._until.confidence,
        )
        return (high - low) / 2 <= self._until.margin
