"""Workloads of campaigns as text."""

import pytest

from onnxfi.cli.campaign.workload import format_duration, format_workload


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7199, "120 minutes"),
        (7200, "2 hours"),
        (3 * 86400, "3 days"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_workloads() -> None:
    assert format_workload(7, None, at_most=False) == "7 injections"
    assert format_workload(7, 3, at_most=True) == "at most 7 injections, at most about 3 seconds"
