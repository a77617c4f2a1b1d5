"""Profiles the values of tensors over a data set."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.error_models import Profile
from onnxfi.error_models.values import TensorProfile
from onnxfi.graph import Model, Target
from onnxfi.hardening import fingerprint
from onnxfi.injector import check_inputs
from onnxfi.runtime import Session, choose_provider
from onnxfi.surgery import expose

PERCENTILES = (0.1, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9)
# Bins of float32 values: sign, exponent and seven bits of the mantissa, so 0.8 % wide.
_BINS = 1 << 16


def profile(
    model: Model,
    targets: Iterable[Target | str],
    inputs: Iterable[Mapping[str, np.ndarray]],
    *,
    provider: Literal["auto", "cpu", "cuda"] = "auto",
) -> Profile:
    """Profile the values of tensors over a data set.

    Each input is read once, and memory does not grow with the number of inputs.

    Args:
        model: the model.
        targets: the targets, or their names.
        inputs: the inputs, each with an array per graph input.
        provider: the execution provider.

    Raises:
        InputError: an input does not fit the model.
        TargetNotFoundError: the model has no such target.
    """
    chosen = [x if isinstance(x, Target) else model.target(x) for x in targets]
    exposed = expose(model, [x for x in chosen if x.kind != "input"])
    session = Session(exposed, provider=choose_provider(provider))
    tallies = {x.tensor: _Tally() for x in chosen}
    fingerprints: list[str] = []
    for feeds in inputs:
        checked = check_inputs(model, feeds)
        fingerprints.append(fingerprint(checked))
        values = {**checked, **session.run(checked)}
        for name, tally in tallies.items():
            tally.add(values[name])
    tensors = {name: tally.profile() for name, tally in tallies.items()}
    return Profile(len(fingerprints), tensors, tuple(fingerprints))


class _Tally:
    """Counts the values of one tensor."""

    def __init__(self) -> None:
        self._count = self._nan = self._infinite = 0
        self._min: float | None = None
        self._max: float | None = None
        self._mean = self._squares = 0.0
        self._bins = np.zeros(_BINS, np.int64)

    @property
    def _finite(self) -> int:
        return self._count - self._nan - self._infinite

    def add(self, tensor: np.ndarray) -> None:
        """Count the values of a tensor."""
        values = tensor.reshape(-1)
        self._count += values.size
        if values.dtype.kind not in "biu":
            wide = values if values.dtype == np.float64 else values.astype(np.float32)
            nan, infinite = int(np.isnan(wide).sum()), int(np.isinf(wide).sum())
            self._nan += nan
            self._infinite += infinite
            values = wide[np.isfinite(wide)] if nan or infinite else wide
        if not values.size:
            return
        low, high = values.min().item(), values.max().item()
        self._min = low if self._min is None else min(self._min, low)
        self._max = high if self._max is None else max(self._max, high)
        with np.errstate(over="ignore"):
            self._bins += np.bincount(_bins(values.astype(np.float32)), minlength=_BINS)
        self._add_moments(values.astype(np.float64))

    def _add_moments(self, values: np.ndarray) -> None:
        """Merge the mean and the squared deviations.

        Source: T. Chan, G. Golub, R. LeVeque, The American Statistician 37 (1983), 242-247.
        """
        total = self._finite
        known = total - values.size
        mean = float(values.mean())
        apart = mean - self._mean
        with np.errstate(over="ignore"):
            squares = float(np.square(values - mean).sum())
        self._squares += squares + apart * apart * known * values.size / total
        self._mean += apart * values.size / total

    def profile(self) -> TensorProfile:
        """Return the profile of the tensor."""
        finite = self._finite
        return TensorProfile(
            count=self._count,
            nan=self._nan,
            infinite=self._infinite,
            min=self._min,
            max=self._max,
            mean=self._mean if finite else None,
            deviation=math.sqrt(self._squares / finite) if finite else None,
            percentiles=self._percentiles(PERCENTILES) if finite else {},
        )

    def _percentiles(self, wanted: Sequence[float]) -> dict[str, float]:
        """Return the percentiles: the smallest value that so many percent do not exceed."""
        reached = np.cumsum(self._bins)
        ranks = [max(1, math.ceil(percent / 100 * int(reached[-1]))) for percent in wanted]
        values = _edges(np.searchsorted(reached, ranks)).tolist()
        return {
            f"{percent:g}": min(max(value, self._min or 0.0), self._max or 0.0)
            for percent, value in zip(wanted, values, strict=True)
        }


def _bins(values: np.ndarray) -> np.ndarray:
    """Return the bins of float32 values, ordered as the values are."""
    words = values.view(np.uint32)
    ordered = np.where(words >> 31, ~words, words | np.uint32(1 << 31))
    return (ordered >> 16).astype(np.int64)


def _edges(bins: np.ndarray) -> np.ndarray:
    """Return the value nearest to zero in each bin; small integers are exact."""
    ordered = bins.astype(np.uint32) << 16
    words = np.where(ordered >> 31, ordered ^ np.uint32(1 << 31), ~ordered)
    values: np.ndarray = (words & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)
    return values
