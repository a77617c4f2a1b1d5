"""Hardens models: adds protections as edits of their graphs."""

from onnxfi.hardening.fitting_inputs import fingerprint, fitting_inputs
from onnxfi.hardening.hardening import PROTECTIONS_KEY, Hardened, harden
from onnxfi.hardening.overhead import Cost, cost
from onnxfi.hardening.protections import OnAlarm

__all__ = [
    "PROTECTIONS_KEY",
    "Cost",
    "Hardened",
    "OnAlarm",
    "cost",
    "fingerprint",
    "fitting_inputs",
    "harden",
]
