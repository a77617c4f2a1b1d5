"""Metrics by name."""

import re
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import TypeAdapter, ValidationError

from onnxfi.errors import ConfigurationError
from onnxfi.injector.metrics.classification import Classification
from onnxfi.injector.metrics.detection import Detection
from onnxfi.injector.metrics.embedding_distance import EmbeddingDistance
from onnxfi.injector.metrics.function_metric import FunctionMetric
from onnxfi.injector.metrics.metric import Metric
from onnxfi.injector.metrics.regression import Regression
from onnxfi.injector.metrics.segmentation import Segmentation
from onnxfi.injector.metrics.sequence import TokenSequence

GROUP = "onnxfi.metrics"
"""The group of entry points in which a package declares its metrics."""

BUILT_IN: Mapping[str, type[Any]] = {
    "classification": Classification,
    "sequence": TokenSequence,
    "segmentation": Segmentation,
    "regression": Regression,
    "detection": Detection,
    "embedding": EmbeddingDistance,
}
_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def load_metric(name: str, configuration: Mapping[str, Any]) -> Metric:
    """Return the metric of a name.

    Args:
        name: of a built-in metric; or ``module:object``, or an entry point's: a class of metrics,
            or a function of the golden and the faulty outputs.
        configuration: the arguments of the class.

    Raises:
        ConfigurationError: there is no such metric, or its configuration is wrong.
    """
    if name in BUILT_IN:
        return _configure(name, BUILT_IN[name], configuration)
    loaded = _import(name)
    if isinstance(loaded, type):
        try:
            metric = loaded(**configuration)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"The configuration of the metric {name}: {error}.") from error
        if not isinstance(metric, Metric):
            raise ConfigurationError(
                f"The metric {name} must have column_types, is_wrong and columns, and its class "
                "lacks one. See onnxfi.injector.Metric."
            )
        return metric
    if configuration:
        raise ConfigurationError(f"The metric {name} is a function, and takes no configuration.")
    return FunctionMetric(loaded, name)


def _configure(name: str, kind: type[Any], configuration: Mapping[str, Any]) -> Metric:
    keys = [field.name for field in fields(kind)]
    for key in configuration:
        if key not in keys:
            raise ConfigurationError(
                f"The metric {name} has the keys {', '.join(keys)}, got {key!r}."
            )
    try:
        metric: Metric = TypeAdapter(kind).validate_python(dict(configuration))
    except ValidationError as error:
        found = error.errors()[0]
        key = ".".join(map(str, found["loc"]))
        raise ConfigurationError(
            f"The metric {name}: {key}: {found['msg']}, got {found['input']!r}."
        ) from error
    return metric


def _import(name: str) -> Any:
    if _PATH.fullmatch(name):
        entry = EntryPoint(name, name, GROUP)
    else:
        found = list(entry_points(group=GROUP, name=name))
        if not found:
            known = sorted({*BUILT_IN, *(x.name for x in entry_points(group=GROUP))})
            close = get_close_matches(name, known, 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ConfigurationError(
                f"A metric must be one of {', '.join(known)}, or module:function, got {name!r}."
                + hint
            )
        entry = found[0]
    try:
        loaded = entry.load()
    except Exception as error:  # a module may raise anything while it is imported
        raise ConfigurationError(
            f"The metric {name} must be importable, got {type(error).__name__}: {error}. Install "
            "its package, or correct the name."
        ) from error
    if not callable(loaded):
        raise ConfigurationError(
            f"The metric {name} must be a function or a class, got {loaded!r}."
        )
    return loaded
