"""Tests the size of shards."""

import pytest

from onnxfi.campaign.running.pace import Pace
from onnxfi.configuration import Execution

SLOW, FAST = Pace(5e-2, 10_000), Pace(1e-5, 1000)


@pytest.mark.parametrize(
    ("pace", "largest", "workers", "expected"),
    [
        (SLOW, 10**6, 1, 200),
        (FAST, 10**6, 1, 20_000),
        (FAST, 10**4, 4, 2500),  # each worker gets something to do
        (SLOW, 50, 2, 25),  # so that both need the sessions of one target only
        (FAST, 10, 1, 20),
        (Pace(1e-5, 1 << 21), 10**6, 1, 1024),  # faults may have many sites
    ],
)
def test_shards(pace: Pace, largest: int, workers: int, expected: int) -> None:
    assert pace.shard(Execution(), largest=largest, workers=workers) == expected
    assert pace.shard(Execution(shard=7), largest=largest, workers=workers) == 7
