"""Formats rates as text and as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from onnxfi.cli.tables import Estimate
from onnxfi.statistics import Difference, Rate, WeightedRate

CAPTION = "shares in % with 95 % Wilson intervals"


def estimate_rate(rate: Rate | WeightedRate) -> Estimate:
    """Return a rate in percent."""
    return Estimate(f"{100 * rate.share:.1f}", f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]")


def estimate_difference(difference: Difference) -> Estimate:
    """Return a difference in percentage points."""
    ends = f"[{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"
    return Estimate(f"{100 * difference.value:+.1f}", ends)


def format_rate(rate: Rate | WeightedRate) -> str:
    """Return a rate in percent with its interval, as text."""
    return str(estimate_rate(rate))


def to_document(value: Any) -> Any:
    """Return results as plain data, and rates with their ``share``."""
    if isinstance(value, Rate):
        return {"share": value.share, **asdict(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {x.name: to_document(getattr(value, x.name)) for x in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_document(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_document(each) for each in value]
    return value
