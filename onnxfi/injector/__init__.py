"""Injects faults: golden run, corruption, faulty run, outcome."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.injector.drawing import Drawer
    from onnxfi.injector.due.reasons import DUE_REASONS, DueReason
    from onnxfi.injector.golden import Golden
    from onnxfi.injector.golden_cache import GoldenCache
    from onnxfi.injector.golden_pass import GoldenPass
    from onnxfi.injector.injection import Injection
    from onnxfi.injector.injection_batch import InjectionBatch
    from onnxfi.injector.injections import Hits, Injections, is_raised
    from onnxfi.injector.injector import Injector
    from onnxfi.injector.inputs import check_inputs, check_tensor, shape_fits
    from onnxfi.injector.metrics import Classification, Metric, edit_distances
    from onnxfi.injector.operations import operands_of
    from onnxfi.injector.outcome import OUTCOMES, Outcome, decide_outcome
    from onnxfi.injector.preparation import (
        ErrorModelSpec,
        assign_error_models,
        prepare_error_model,
    )
    from onnxfi.injector.random_inputs import draw_inputs
    from onnxfi.injector.randomness import InjectionGenerators, injection_rng
    from onnxfi.injector.repeatability import check_repeated, relative_distance
    from onnxfi.injector.target_lanes import lanes_of_target
    from onnxfi.injector.user_code.calls import describe_call, watching_calls
    from onnxfi.injector.user_code.exits import surviving_exits

__all__ = [
    "DUE_REASONS",
    "OUTCOMES",
    "Classification",
    "Drawer",
    "DueReason",
    "ErrorModelSpec",
    "Golden",
    "GoldenCache",
    "GoldenPass",
    "Hits",
    "Injection",
    "InjectionBatch",
    "InjectionGenerators",
    "Injections",
    "Injector",
    "Metric",
    "Outcome",
    "assign_error_models",
    "check_inputs",
    "check_repeated",
    "check_tensor",
    "decide_outcome",
    "describe_call",
    "draw_inputs",
    "edit_distances",
    "injection_rng",
    "is_raised",
    "lanes_of_target",
    "operands_of",
    "prepare_error_model",
    "relative_distance",
    "shape_fits",
    "surviving_exits",
    "watching_calls",
]

# Imported when first used: most commands need few of them.
_HOMES = {
    "DUE_REASONS": "due.reasons",
    "OUTCOMES": "outcome",
    "Classification": "metrics",
    "Drawer": "drawing",
    "DueReason": "due.reasons",
    "Golden": "golden",
    "GoldenCache": "golden_cache",
    "GoldenPass": "golden_pass",
    "Hits": "injections",
    "Injection": "injection",
    "InjectionBatch": "injection_batch",
    "InjectionGenerators": "randomness",
    "Injections": "injections",
    "Injector": "injector",
    "Metric": "metrics",
    "Outcome": "outcome",
    "ErrorModelSpec": "preparation",
    "assign_error_models": "preparation",
    "check_inputs": "inputs",
    "check_repeated": "repeatability",
    "check_tensor": "inputs",
    "decide_outcome": "outcome",
    "describe_call": "user_code.calls",
    "draw_inputs": "random_inputs",
    "edit_distances": "metrics",
    "injection_rng": "randomness",
    "is_raised": "injections",
    "lanes_of_target": "target_lanes",
    "operands_of": "operations",
    "prepare_error_model": "preparation",
    "relative_distance": "repeatability",
    "shape_fits": "inputs",
    "surviving_exits": "user_code.exits",
    "watching_calls": "user_code.calls",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
