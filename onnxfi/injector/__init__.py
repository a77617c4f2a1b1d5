"""Injecting faults: golden run, corruption, faulty run, outcome."""

from onnxfi.injector.due.reasons import DUE_REASONS, DueReason
from onnxfi.injector.golden import Golden
from onnxfi.injector.injection import Injection
from onnxfi.injector.injector import Injector
from onnxfi.injector.metrics import Classification, Metric
from onnxfi.injector.outcome import OUTCOMES, Outcome, decide_outcome
from onnxfi.injector.preparation import prepare_error_model
from onnxfi.injector.randomness import injection_rng

__all__ = [
    "DUE_REASONS",
    "OUTCOMES",
    "Classification",
    "DueReason",
    "Golden",
    "Injection",
    "Injector",
    "Metric",
    "Outcome",
    "decide_outcome",
    "injection_rng",
    "prepare_error_model",
]
