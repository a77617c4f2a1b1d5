"""Rates as text and as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from onnxfi.campaign.statistics import Difference, Rate, WeightedRate

CAPTION = "shares in %, with their 95 % Wilson intervals"


def rate_text(rate: Rate | WeightedRate) -> str:
    """Write a rate in percent with its interval."""
    return f"{100 * rate.share:.1f} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def difference_text(difference: Difference) -> str:
    """Write a difference in percentage points with its interval."""
    ends = f"[{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"
    return f"{100 * difference.value:+.1f} {ends}"


def as_document(value: Any) -> Any:
    """Return results as plain data; rates have their ``share`` as well."""
    if isinstance(value, Rate):
        return {"share": value.share, **asdict(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {x.name: as_document(getattr(value, x.name)) for x in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_document(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_document(each) for each in value]
    return value
