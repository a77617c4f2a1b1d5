"""Compares faulty outputs with golden outputs, to decide whether an answer is wrong."""

from onnxfi.injector.metrics.classification import Classification
from onnxfi.injector.metrics.detection import Detection
from onnxfi.injector.metrics.embedding_distance import EmbeddingDistance
from onnxfi.injector.metrics.fitting import check_default, choose_metric
from onnxfi.injector.metrics.function_metric import FunctionMetric
from onnxfi.injector.metrics.many import are_wrong, columns_of_all, in_parts
from onnxfi.injector.metrics.metric import ColumnType, Comparisons, Metric, MetricValue, Outputs
from onnxfi.injector.metrics.own_code import KEPT_FOLDER, FolderSources, Sources, is_in
from onnxfi.injector.metrics.own_metric import OwnMetric, naming_injection, naming_injections
from onnxfi.injector.metrics.registry import (
    BUILT_IN,
    checked,
    default_metric,
    load_metric,
    parse_metric,
)
from onnxfi.injector.metrics.regression import Regression
from onnxfi.injector.metrics.segmentation import Segmentation
from onnxfi.injector.metrics.sequence import TokenSequence
from onnxfi.injector.metrics.tokens import edit_distances

__all__ = [
    "BUILT_IN",
    "KEPT_FOLDER",
    "Classification",
    "ColumnType",
    "Comparisons",
    "Detection",
    "EmbeddingDistance",
    "FolderSources",
    "FunctionMetric",
    "Metric",
    "MetricValue",
    "Outputs",
    "OwnMetric",
    "Regression",
    "Segmentation",
    "Sources",
    "TokenSequence",
    "are_wrong",
    "check_default",
    "checked",
    "choose_metric",
    "columns_of_all",
    "default_metric",
    "edit_distances",
    "in_parts",
    "is_in",
    "load_metric",
    "naming_injection",
    "naming_injections",
    "parse_metric",
]
