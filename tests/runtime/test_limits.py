"""Limits follow from a golden run."""

import pytest

from onnxfi.runtime.limits import UNLIMITED, Allowed, Limits, Taken


@pytest.mark.parametrize(
    ("limits", "golden", "expected"),
    [
        (Limits(), Taken(0.001, 1), Allowed(2.0, 1200)),  # the least
        (Limits(), Taken(1.5, 400.1), Allowed(75.0, 3201)),
        (Limits(3.5, 10), Taken(1.5, 400), Allowed(3.5, 10)),
        (Limits(None, "auto"), Taken(1.5, 0), Allowed(None, 1200)),
        (Limits(None, None), Taken(1.5, 400), UNLIMITED),
    ],
)
def test_limits_as_numbers(limits: Limits, golden: Taken, expected: Allowed) -> None:
    assert limits.allowed(golden) == expected
