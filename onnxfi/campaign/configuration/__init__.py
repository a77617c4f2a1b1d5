"""Reads and checks a campaign's YAML."""

from onnxfi.campaign.configuration.configuration import Configuration
from onnxfi.campaign.configuration.error_model_entry import ErrorModelEntry
from onnxfi.campaign.configuration.execution_options import Execution, Statistics
from onnxfi.campaign.configuration.injections import Injections, Until
from onnxfi.campaign.configuration.inputs import Inputs, InputTensor, Labels
from onnxfi.campaign.configuration.metric_entry import MetricEntry
from onnxfi.campaign.configuration.selections import Excluded, Targets, TargetsTogether

__all__ = [
    "Configuration",
    "ErrorModelEntry",
    "Excluded",
    "Execution",
    "Injections",
    "InputTensor",
    "Inputs",
    "Labels",
    "MetricEntry",
    "Statistics",
    "Targets",
    "TargetsTogether",
    "Until",
]
