"""Tests raw rates with their units."""

import pytest

from onnxfi.failure_rates.units import RawRate


@pytest.mark.parametrize(
    ("text", "per_bit"),
    [
        ("20.49 FIT/Mbit (10^6)", 20.49e-6),
        ("20.49FIT/Mbit(2^20)", 20.49 / 2**20),
        ("157.62 FIT/MB (10^6)", 157.62 / 8e6),
        ("600 FIT/MiB", 600 / (8 * 2**20)),
        ("1 FIT/Gibit", 1 / 2**30),
        ("1.2e-5 FIT/bit", 1.2e-5),
    ],
)
def test_rates_are_counted_per_bit(text: str, per_bit: float) -> None:
    assert RawRate.parse(text).per_bit == pytest.approx(per_bit, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("20 FIT/Mbit", r"power of ten or of two: 20 FIT/Mbit \(10\^6\) or \(2\^20\)"),
        ("20 FIT/MB (10^9)", r"the size 10\^6 or 2\^20"),
        ("20 FIT/Mbit (1024)", "the size"),
        ("20", "must be a rate with its unit"),
        ("20 FIT", "must be a rate with its unit"),
        ("20 errors/MB", "must be a rate with its unit"),
        ("-1 FIT/bit", "must be a rate with its unit"),
        ("20 FIT/mb", "must be a rate with its unit"),
    ],
)
def test_other_units_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RawRate.parse(text)
