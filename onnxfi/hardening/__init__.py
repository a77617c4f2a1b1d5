"""Hardens models: adds protections as edits of their graphs."""

from onnxfi.hardening.hardening import (
    ALARMS_KEY,
    PROTECTIONS_KEY,
    Hardened,
    alarms_of,
    harden,
)
from onnxfi.hardening.overhead import Cost, cost
from onnxfi.hardening.protections import OnAlarm

__all__ = [
    "ALARMS_KEY",
    "PROTECTIONS_KEY",
    "Cost",
    "Hardened",
    "OnAlarm",
    "alarms_of",
    "cost",
    "harden",
]
