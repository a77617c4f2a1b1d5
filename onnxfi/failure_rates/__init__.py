"""Turns the results of campaigns into failure rates in FIT, and compares them with beam tests.

The names below are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.failure_rates.beam import SEA_LEVEL, BeamTest
    from onnxfi.failure_rates.contributions import fit
    from onnxfi.failure_rates.fit_report import FitInterval, FitReport, TargetFit
    from onnxfi.failure_rates.rates import Rates
    from onnxfi.failure_rates.safety_document import write_safety_document

__all__ = [
    "SEA_LEVEL",
    "BeamTest",
    "FitInterval",
    "FitReport",
    "Rates",
    "TargetFit",
    "fit",
    "write_safety_document",
]

_HOMES = {
    "BeamTest": "beam",
    "FitInterval": "fit_report",
    "FitReport": "fit_report",
    "Rates": "rates",
    "SEA_LEVEL": "beam",
    "TargetFit": "fit_report",
    "fit": "contributions",
    "write_safety_document": "safety_document",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
