"""How many injections it takes to know a rate well."""

import pytest

from onnxfi.report.page.precision import more_at_target
from onnxfi.statistics import Rate


@pytest.mark.parametrize(("count", "total"), [(0, 100), (5, 100), (50, 100), (27, 900), (9, 9)])
def test_the_added_injections_reach_the_margin(count: int, total: int) -> None:
    more = more_at_target(Rate.of(count, total))
    assert half_width(count / total, total + more) <= 0.01
    assert half_width(count / total, total + more - 2) > 0.01


def half_width(share: float, total: int) -> float:
    """Return half the width of Wilson's interval, from its textbook form."""
    z = 1.959964
    return float(
        z / (1 + z * z / total) * (share * (1 - share) / total + z * z / (4 * total**2)) ** 0.5
    )


def test_a_rate_that_is_known_needs_no_more() -> None:
    assert more_at_target(Rate.of(100, 10_000)) == 0
    assert more_at_target(Rate.of(0, 0)) == 0
