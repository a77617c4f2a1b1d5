"""Finds metrics by name: built-in ones, the user's, and those of installed packages."""

import re
import sys
from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from onnxfi.error_models.registry import parse_spec
from onnxfi.errors import ConfigurationError, ErrorModelError, OnnxfiError
from onnxfi.injector.metrics.classification import Classification
from onnxfi.injector.metrics.detection import Detection
from onnxfi.injector.metrics.embedding_distance import EmbeddingDistance
from onnxfi.injector.metrics.fitting import default_metric_name
from onnxfi.injector.metrics.function_metric import FunctionMetric
from onnxfi.injector.metrics.metric import Metric, Outputs
from onnxfi.injector.metrics.own_code import Sources, import_apart, is_in
from onnxfi.injector.metrics.own_metric import OwnMetric
from onnxfi.injector.metrics.regression import Regression
from onnxfi.injector.metrics.segmentation import Segmentation
from onnxfi.injector.metrics.sequence import TokenSequence
from onnxfi.injector.user_code.checking import describe_failure, is_interrupt
from onnxfi.suggestions import did_you_mean

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
_TRUSTED = frozenset({*BUILT_IN.values(), OwnMetric})
_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def load_metric(
    name: str, configuration: Mapping[str, Any], *, sources: Sources | None = None
) -> Metric:
    """Return the metric of a name.

    Args:
        name: a built-in metric's name; or ``module:object``, or an entry point's name. The object
            is a class of metrics, or a function of the golden and the faulty outputs.
        configuration: the arguments of the class.
        sources: searched for the module first, before installed packages.

    Raises:
        ConfigurationError: there is no such metric, or its configuration is wrong.
        MetricError: the code of the metric fails.
    """
    if name in BUILT_IN:
        return _configure(name, BUILT_IN[name], configuration)
    built_in, _, rest = name.partition(":")
    if built_in in BUILT_IN:
        raise ConfigurationError(
            f"The configuration of the metric {built_in} is written key=value, got {rest!r}."
        )
    loaded, files, folder = _import(name, sources)
    if isinstance(loaded, type):
        try:
            metric = loaded(**configuration)
        except BaseException as error:  # the user's code may raise anything
            if is_interrupt(error):
                raise
            raise ConfigurationError(
                f"The metric {name} must take its configuration, and failed: "
                f"{describe_failure(error)}."
            ) from error
    elif configuration:
        raise ConfigurationError(f"The metric {name} is a function, and takes no configuration.")
    else:
        metric = FunctionMetric(loaded, name)
    return OwnMetric(metric, name, files=files, folder=folder)


def parse_metric(text: str) -> tuple[str, dict[str, Any]]:
    """Split ``name`` or ``name:key=value,...`` into the name and the configuration of a metric.

    Raises:
        ConfigurationError: the text is not of that form.
    """
    try:
        return parse_spec(text, what="a metric", example="sequence:blank=0,class_axis=1")
    except ErrorModelError as error:
        raise ConfigurationError(str(error)) from error


def default_metric(golden: Outputs) -> Metric:
    """Return the metric to use if none was chosen, and warn if it is not classification."""
    return load_metric(default_metric_name(golden), {})


def checked(metric: Metric) -> Metric:
    """Return a metric of onnxfi as it is, and a user's metric wrapped in `OwnMetric`.

    Raises:
        ConfigurationError: it is not a metric.
    """
    if type(metric) in _TRUSTED:
        return metric
    if isinstance(metric, FunctionMetric):
        return OwnMetric(metric, metric.name)
    return OwnMetric(metric, type(metric).__qualname__)


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


def _import(name: str, sources: Sources | None) -> tuple[Any, Mapping[str, bytes], str | None]:
    """Return the named object, its files, and their folder if they come from the sources."""
    folder = None
    try:
        entry = EntryPoint(name, name, GROUP) if _PATH.fullmatch(name) else _entry_point(name)
        if entry.value == name and sources is not None and is_in(sources, entry.module):
            imported, files = import_apart(sources, entry.module)
            loaded, folder = getattr(imported, entry.attr), sources.folder
        else:
            loaded, files = entry.load(), _installed_file(entry.module)
    except OnnxfiError:
        raise
    except BaseException as error:  # a module may raise anything on import
        if is_interrupt(error):
            raise
        looked = "" if sources is None else f" in {sources.folder} or"
        raise ConfigurationError(
            f"The metric {name} must be importable{looked} from an installed package, got "
            f"{describe_failure(error)}. Correct the name or the module."
        ) from error
    if not callable(loaded):
        raise ConfigurationError(
            f"The metric {name} must be a function or a class, got {loaded!r}."
        )
    return loaded, files, folder


def _installed_file(module: str) -> dict[str, bytes]:
    """Return the file of an imported module; modules made in memory have none."""
    place = getattr(sys.modules[module], "__file__", None)
    return {} if place is None else {module: Path(place).read_bytes()}


def _entry_point(name: str) -> EntryPoint:
    found = list(entry_points(group=GROUP, name=name))
    if not found:
        known = sorted({*BUILT_IN, *(x.name for x in entry_points(group=GROUP))})
        raise ConfigurationError(
            f"A metric must be one of {', '.join(known)}, or module:function, got {name!r}"
            f"{did_you_mean(name, known)}."
        )
    return found[0]
