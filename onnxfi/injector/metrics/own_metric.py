"""Wraps a user's metric: protects its arguments and checks its answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from onnxfi.errors import ConfigurationError, MetricError
from onnxfi.injector.metrics.metric import ColumnType, Metric, MetricValue, Outputs
from onnxfi.injector.user_code.calls import NameInjections, calling, naming_calls
from onnxfi.injector.user_code.checking import describe_failure, is_interrupt, read_only

_T = TypeVar("_T")
# What an int64 column of the records holds.
_INT64 = range(-(2**63), 2**63)
# Answers that are asked for again: a verdict by a fair coin passes once in 2**8 times.
_ASKED_TWICE = 8


class OwnMetric:
    """Calls a user's metric.

    The metric gets read-only arrays. If it fails or returns an invalid answer, that is a
    `MetricError`.

    Attributes:
        name: the metric's name in messages.
        files: the files that it was imported from, by relative path.
        folder: the folder of these files; None for an installed package.
    """

    def __init__(
        self,
        metric: Metric,
        name: str,
        *,
        files: Mapping[str, bytes] | None = None,
        folder: str | None = None,
    ) -> None:
        """Check what the metric declares.

        Raises:
            ConfigurationError: it lacks a member, or its columns are not bool, int or float.
            MetricError: it fails to declare its columns.
        """
        self.name = name
        self.files = files or {}
        self.folder = folder
        self._metric = metric
        members = ("column_types", "is_wrong", "columns")
        missing = self._call(lambda: [x for x in members if not hasattr(metric, x)], {})
        if missing:
            raise ConfigurationError(
                f"The metric {name} must have column_types, is_wrong and columns, and lacks "
                f"{', '.join(missing)}. See onnxfi.injector.Metric."
            )
        types: Any = self._call(lambda: metric.column_types, {})
        if not isinstance(types, Mapping):
            raise ConfigurationError(
                f"The metric {name} must have a mapping from names to types as its column_types, "
                f"got {_described(types)}."
            )
        for column, kind in types.items():
            if not isinstance(column, str) or kind not in (bool, int, float):
                raise ConfigurationError(
                    f"The metric {name}: the type of each column must be bool, int or float, got "
                    f"{_described(kind)} for {column!r}. Correct its column_types."
                )
        self._types = dict(types)
        self._asked_twice = 0

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the metric declares."""
        return self._types

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return the metric's verdict on the faulty answer.

        Raises:
            MetricError: the metric fails, or returns neither True nor False.
        """
        return self._repeated(self._verdict, golden, faulty)

    def _verdict(self, golden: Outputs, faulty: Outputs) -> bool:
        found: Any = self._ask(self._metric.is_wrong, golden, faulty)
        if not isinstance(found, bool | np.bool_):
            raise self._error(
                "must return True or False, or a function a mapping with that under 'wrong', got "
                f"{_described(found)}",
                faulty,
            )
        return bool(found)

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the metric's columns.

        Raises:
            MetricError: the metric fails, or returns other columns or types than it declares.
        """
        return self._repeated(self._columns, golden, faulty)

    def _columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        found: Any = self._ask(self._metric.columns, golden, faulty)
        if not isinstance(found, Mapping):
            raise self._error(f"must return a mapping of columns, got {_described(found)}", faulty)
        if found.keys() != self._types.keys():
            declared, got = (", ".join(map(str, x)) or "none" for x in (self._types, found))
            raise self._error(
                f"must return the columns in its column_types ({declared}), got {got}", faulty
            )
        columns: dict[str, MetricValue] = {}
        for name, kind in self._types.items():
            value = columns[name] = _as_column(found[name], kind)
            if value is None and found[name] is not None:
                raise self._error(
                    f"declares the column {name} as {kind.__name__}, got {_described(found[name])}",
                    faulty,
                )
        return columns

    def _repeated(
        self, ask: Callable[[Outputs, Outputs], _T], golden: Outputs, faulty: Outputs
    ) -> _T:
        """Return an answer; the first ones must be the same when they are asked for again."""
        answer = ask(golden, faulty)
        if self._asked_twice < _ASKED_TWICE:
            self._asked_twice += 1
            # As text, NaN equals NaN.
            if repr(ask(golden, faulty)) != repr(answer):
                raise self._error(
                    "must give the same answer to the same outputs, and two answers differ: use "
                    "no random numbers, and keep no state",
                    faulty,
                )
        return answer

    def _ask(
        self, method: Callable[[Outputs, Outputs], _T], golden: Outputs, faulty: Outputs
    ) -> _T:
        # The faulty outputs may share arrays with the golden outputs.
        return self._call(lambda: method(_read_only(golden), _read_only(faulty)), faulty)

    def _call(self, ask: Callable[[], _T], faulty: Outputs) -> _T:
        try:
            with calling(f"the metric {self.name}", faulty):
                return ask()
        except BaseException as error:  # the user's code may raise anything
            if is_interrupt(error):
                raise
            raise self._error(f"failed: {describe_failure(error)}", faulty) from error

    def _error(self, what: str, faulty: Outputs) -> MetricError:
        error = MetricError(f"The metric {self.name} {what}.")
        error.faulty = faulty
        return error


@contextmanager
def naming_injections(ids: Sequence[int], outputs: Sequence[Outputs]) -> Iterator[None]:
    """Add the injection's id to a `MetricError` that is raised within.

    Args:
        ids: ids of the injections that are compared.
        outputs: their faulty outputs, the same objects that the metric gets.

    Raises:
        MetricError: one was raised within.
    """

    def name(subject: object) -> str | None:
        found = (x for x, faulty in zip(ids, outputs, strict=True) if faulty is subject)
        return next((f"Injection {x}" for x in found), None)

    with _naming(name):
        yield


@contextmanager
def naming_injection(injection_id: int) -> Iterator[None]:
    """Add the id of an injection to a `MetricError` about its golden outputs.

    Raises:
        MetricError: one was raised within.
    """
    with _naming(lambda subject: f"Injection {injection_id}"):
        yield


@contextmanager
def _naming(name: NameInjections) -> Iterator[None]:
    try:
        with naming_calls(name):
            yield
    except MetricError as error:
        injection = name(error.faulty)
        if injection is None:
            raise
        raise MetricError(f"{injection}: {error}") from error.__cause__


def _read_only(outputs: Outputs) -> dict[str, Any]:
    return {name: read_only(x) for name, x in outputs.items()}


def _as_column(value: Any, kind: ColumnType) -> MetricValue:
    """Return a value as the Python type of its column; None if its type does not fit."""
    truth = isinstance(value, bool | np.bool_)
    if kind is bool:
        return bool(value) if truth else None
    if kind is int:
        whole = isinstance(value, int | np.integer) and not truth
        return int(value) if whole and int(value) in _INT64 else None
    if truth or not isinstance(value, int | float | np.generic):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of the shape {value.shape}"
    if value is None or isinstance(value, bool | int | float | type):
        return repr(value)
    if isinstance(value, Mapping):
        return f"a mapping with the keys {', '.join(map(str, value)) or '(none)'}"
    return f"a {type(value).__name__}"
