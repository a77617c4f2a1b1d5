"""Metrics: they decide whether an answer is wrong, and by how much."""

from onnxfi.injector.metrics.classification import Classification
from onnxfi.injector.metrics.detection import Detection
from onnxfi.injector.metrics.embedding_distance import EmbeddingDistance
from onnxfi.injector.metrics.function_metric import FunctionMetric
from onnxfi.injector.metrics.metric import ColumnType, Metric, MetricValue, Outputs
from onnxfi.injector.metrics.registry import load_metric
from onnxfi.injector.metrics.regression import Regression
from onnxfi.injector.metrics.segmentation import Segmentation
from onnxfi.injector.metrics.sequence import TokenSequence

__all__ = [
    "Classification",
    "ColumnType",
    "Detection",
    "EmbeddingDistance",
    "FunctionMetric",
    "Metric",
    "MetricValue",
    "Outputs",
    "Regression",
    "Segmentation",
    "TokenSequence",
    "load_metric",
]
