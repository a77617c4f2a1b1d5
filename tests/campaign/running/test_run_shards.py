"""Tests how shards are handed to executors, and which parts of them are missing."""

from concurrent.futures import BrokenExecutor, Future

import pytest

from onnxfi.campaign import ShardOutcomes
from onnxfi.campaign.running.run_shards import FinishedIds, run_shards
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import Shard


def test_unrecorded_parts_of_shards() -> None:
    finished = FinishedIds([range(20, 30), range(5), range(7, 10)])
    assert len(finished) == 18
    shards = [Shard(0, 10, 0), Shard(10, 10, 0), Shard(20, 5, 1), Shard(25, 15, 1)]
    assert list(finished.missing(shards)) == [
        Shard(5, 2, 0),
        Shard(10, 10, 0),
        Shard(30, 10, 1),
    ]
    # Rounds have another order.
    assert list(finished.missing(shards[::-1])) == [
        Shard(30, 10, 1),
        Shard(10, 10, 0),
        Shard(5, 2, 0),
    ]


def test_a_failure_cancels_the_queued_shards() -> None:
    queued: list[Future[ShardOutcomes]] = []

    def submit(shard: Shard) -> Future[ShardOutcomes]:
        queued.append(Future())
        if len(queued) == 4:  # two workers, two shards each
            queued[1].set_exception(BrokenExecutor("exit status -9"))
        return queued[-1]

    shards = (Shard(10 * x, 10, 0) for x in range(100))
    with pytest.raises(ConfigurationError, match=r"died .*: exit status -9\. Finished shards"):
        run_shards(shards, submit, workers=lambda: 2, on_shard=lambda outcomes: None)
    assert [x.cancelled() for x in queued] == [True, False, True, True]
