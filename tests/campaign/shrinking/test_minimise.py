"""Tests the minimisation of sets."""

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from onnxfi.campaign.shrinking.minimise import minimise


@given(
    st.integers(1, 12), st.lists(st.sets(st.integers(0, 11), min_size=1), min_size=1, max_size=4)
)
def test_nothing_that_is_left_can_be_left_out(size: int, causes: list[set[int]]) -> None:
    """A set suffices if it holds all parts of one of some causes, as in a logical formula."""
    parts = list(range(size))
    causes = [{x % size for x in cause} for cause in causes]

    def suffices(some: Sequence[int]) -> bool:
        return any(cause <= {*some} for cause in causes)

    found = minimise(parts, suffices)
    assert suffices(found)
    assert found == sorted(found)
    if len(found) > 1:
        assert not any(suffices(x) for x in combinations(found, len(found) - 1))


def test_one_part_of_many_is_found_in_few_steps() -> None:
    asked = []

    def suffices(some: Sequence[int]) -> bool:
        asked.append(len(some))
        return 777 in some

    assert minimise(range(1024), suffices) == [777]
    assert len(asked) <= 20


def test_parts_that_are_needed_together() -> None:
    def suffices(some: Sequence[int]) -> bool:
        return {3, 60} <= {*some} or {*range(64)} <= {*some}

    assert minimise(range(64), suffices) == [3, 60]
