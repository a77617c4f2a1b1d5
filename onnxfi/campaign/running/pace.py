"""How fast a campaign goes, and what follows for its workers and shards."""

import os
from dataclasses import dataclass

from onnxfi.campaign.configuration import Execution

# Where a run of the suffix takes less, an injection is mostly Python, which runs in one thread.
_MOSTLY_PYTHON = 1e-4
_PYTHON_EACH = 3e-5
# A shard takes about so many seconds: what is lost when a worker dies. Fewer injections would be
# many files, and more of them much memory where a fault has many sites.
_SHARD_SECONDS, _FEWEST, _MOST = 10, 20, 20_000
_MOST_ELEMENTS = 1 << 31


@dataclass(frozen=True, slots=True)
class Pace:
    """What was measured at the first target of a campaign.

    Attributes:
        seconds: a run of the suffix, one lane, one thread.
        elements: the targets' elements.
    """

    seconds: float
    elements: int

    def workers(self, execution: Execution) -> int:
        """Return the number of threads that inject at the same time."""
        if execution.workers != "auto":
            return execution.workers
        return 1 if self.seconds < _MOSTLY_PYTHON else os.cpu_count() or 1

    def shard(self, execution: Execution, *, largest: int, workers: int) -> int:
        """Return the most injections of a shard.

        Args:
            execution: what the user wants.
            largest: number of injections of the largest stratum.
            workers: number of workers: each gets a shard of it, so that they share its sessions.
        """
        if execution.shard != "auto":
            return execution.shard
        wanted = _SHARD_SECONDS / (self.seconds + _PYTHON_EACH)
        most = min(_MOST, _MOST_ELEMENTS // max(1, self.elements), -(-largest // workers))
        return max(_FEWEST, min(round(wanted), most))
