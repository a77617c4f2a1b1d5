"""Leaves the longer half of a test's parameters to the nightly run."""

from collections.abc import Collection, Iterable
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet

T = TypeVar("T")


def rest_by_night(values: Iterable[T], by_day: Collection[T]) -> list[ParameterSet]:
    """Return parameters of which only some are tested in the run of every day."""
    return [pytest.param(x, marks=() if x in by_day else pytest.mark.nightly) for x in values]
