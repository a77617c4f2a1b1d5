"""Reads and checks a campaign's YAML.

The names below are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.configuration.configuration import Configuration
    from onnxfi.configuration.error_model_entry import ErrorModelEntry
    from onnxfi.configuration.execution_options import Execution, ExecutionLimits, Statistics
    from onnxfi.configuration.injections import Injections, ListColumns, Until
    from onnxfi.configuration.input_paths import holds_one_input_each, input_files, sample_files
    from onnxfi.configuration.inputs import Inputs, InputTensor, Labels, is_plain
    from onnxfi.configuration.json_schema import json_schema
    from onnxfi.configuration.metric_entry import MetricEntry
    from onnxfi.configuration.section import Section
    from onnxfi.configuration.selections import Excluded, Targets, TargetsTogether
    from onnxfi.configuration.yaml_text import load_yaml

__all__ = [
    "Configuration",
    "ErrorModelEntry",
    "Excluded",
    "Execution",
    "ExecutionLimits",
    "Injections",
    "InputTensor",
    "Inputs",
    "Labels",
    "ListColumns",
    "MetricEntry",
    "Section",
    "Statistics",
    "Targets",
    "TargetsTogether",
    "Until",
    "holds_one_input_each",
    "input_files",
    "is_plain",
    "json_schema",
    "load_yaml",
    "sample_files",
]

_HOMES = {
    "Configuration": "onnxfi.configuration.configuration",
    "ErrorModelEntry": "onnxfi.configuration.error_model_entry",
    "Excluded": "onnxfi.configuration.selections",
    "Execution": "onnxfi.configuration.execution_options",
    "ExecutionLimits": "onnxfi.configuration.execution_options",
    "Injections": "onnxfi.configuration.injections",
    "InputTensor": "onnxfi.configuration.inputs",
    "Inputs": "onnxfi.configuration.inputs",
    "Labels": "onnxfi.configuration.inputs",
    "ListColumns": "onnxfi.configuration.injections",
    "MetricEntry": "onnxfi.configuration.metric_entry",
    "Statistics": "onnxfi.configuration.execution_options",
    "Targets": "onnxfi.configuration.selections",
    "TargetsTogether": "onnxfi.configuration.selections",
    "Until": "onnxfi.configuration.injections",
    "holds_one_input_each": "onnxfi.configuration.input_paths",
    "input_files": "onnxfi.configuration.input_paths",
    "is_plain": "onnxfi.configuration.inputs",
    "json_schema": "onnxfi.configuration.json_schema",
    "Section": "onnxfi.configuration.section",
    "load_yaml": "onnxfi.configuration.yaml_text",
    "sample_files": "onnxfi.configuration.input_paths",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
