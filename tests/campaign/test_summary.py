"""What records add up to."""

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.campaign import Rate, summarise_bits, summarise_targets

Z95 = 1.959963984540054


# R. G. Newcombe, Stat. Med. 17 (1998), 857-872, table I, method 3; and textbook values.
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_interval_of_known_rates(count: int, total: int, low: float, high: float) -> None:
    rate = Rate.of(count, total)
    assert (rate.count, rate.total, rate.share) == (count, total, count / total)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=5.1e-5)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_ends_solve_the_score_equation(count_and_total: tuple[int, int]) -> None:
    count, total = count_and_total
    rate = Rate.of(count, total)
    assert 0 <= rate.low <= rate.share <= rate.high <= 1
    for end in (rate.low, rate.high):
        if end in (0.0, 1.0):
            continue
        # The interval is every p at which the score test does not reject.
        z = abs(rate.share - end) / math.sqrt(end * (1 - end) / total)
        assert z == pytest.approx(Z95, rel=1e-5)
    mirrored = Rate.of(total - count, total)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - rate.high, 1 - rate.low), abs=1e-12)


def test_a_rate_without_injections_says_nothing() -> None:
    assert Rate.of(0, 0) == Rate(0, 0, 0.0, 1.0)
    assert Rate.of(0, 0).share == 0.0


ROWS = st.lists(
    st.tuples(
        st.sampled_from([("a", "la"), ("b", "lb"), ("c", None)]),
        st.sampled_from(["bitflip", "zero"]),
        st.sampled_from(["masked", "benign", "sdc", "due"]),
        st.sampled_from([None, [], [0], [3], [31], [1, 2]]),
    ),
    min_size=1,
    max_size=60,
)


@given(ROWS)
def test_summaries_add_up_to_the_records(rows: list) -> None:
    records = pa.table(
        {
            "injection_id": pa.array(range(len(rows)), pa.int64()),
            "target": [row[0][0] for row in rows],
            "layer": pa.array([row[0][1] for row in rows], pa.string()),
            "op_type": ["Relu"] * len(rows),
            "error_model": [row[1] for row in rows],
            "outcome": [row[2] for row in rows],
            "bit": pa.array([row[3] for row in rows], pa.list_(pa.int16())),
        }
    )
    targets = summarise_targets(records)
    assert sum(x.injections for x in targets) == len(rows)
    keys = [((x.target, x.layer), x.error_model) for x in targets]
    assert keys == list(dict.fromkeys((row[0], row[1]) for row in rows))  # the injections' order
    for key, summary in zip(keys, targets, strict=True):
        for outcome in ("masked", "benign", "sdc", "due"):
            count = sum(row[:2] == key and row[2] == outcome for row in rows)
            assert getattr(summary, outcome) == Rate.of(count, summary.injections)

    bits = summarise_bits(records)
    single = [(row[3][0], row[2]) for row in rows if row[3] is not None and len(row[3]) == 1]
    assert [x.bit for x in bits] == sorted({bit for bit, _ in single})
    for x in bits:
        counts = [single.count((x.bit, y)) for y in ("masked", "benign", "sdc", "due")]
        assert [x.masked, x.benign, x.sdc, x.due] == counts
        assert x.injections == sum(counts)
