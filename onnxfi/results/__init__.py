"""Gives access to the results of a campaign from Python.

The names below are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.results.results import Results
    from onnxfi.results.summary import Summary, SummaryRow

__all__ = ["Results", "Summary", "SummaryRow"]

_HOMES = {
    "Results": "onnxfi.results.results",
    "Summary": "onnxfi.results.summary",
    "SummaryRow": "onnxfi.results.summary",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
