"""Decides whether a faster way is used: it must give the same bits, and pay."""

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import ml_dtypes
import numpy as np

# The share of elements that `perturbed` draws anew; it moves the others.
_DRAWN_SHARE = 1 / 8

Value = TypeVar("Value")


class Stopwatch:
    """Measures the time that runs take, in seconds.

    With one thread it is the processor's time of this thread, which other programs hardly disturb.
    """

    def __init__(self, threads: int | None) -> None:
        """Choose the clock.

        Args:
            threads: intra-op threads of the sessions that are measured.
        """
        self.now: Callable[[], float] = time.thread_time if threads == 1 else time.perf_counter

    def fastest(
        self, run: Callable[[], object], *, times: int, seconds: float = float("inf")
    ) -> float:
        """Return the seconds of the fastest of some runs.

        Args:
            run: what is measured.
            times: the most runs.
            seconds: seconds after which no further run begins.
        """
        taken: list[float] = []
        while len(taken) < times and sum(taken) < seconds:
            start = self.now()
            run()
            taken.append(self.now() - start)
        return min(taken)


class Adoption(Generic[Value]):
    """Whether a faster way is used: undecided, then tried by one thread, then kept or dropped.

    Attributes:
        state: where the decision stands.
        kept: what the trial returned; None unless it was kept.
    """

    def __init__(self, state: Literal["undecided", "dropped"] = "undecided") -> None:
        """Begin undecided, or with the decision not to use it."""
        self.state: Literal["undecided", "trying", "kept", "dropped"] = state
        self.kept: Value | None = None
        self._trying = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether no decision was made."""
        return self.state in ("undecided", "trying")

    def try_once(self, attempt: Callable[[], Value | None], *, wait: bool = False) -> Value | None:
        """Return what is kept; the first thread to ask makes the trial.

        Args:
            attempt: makes the trial; returns what to keep, or None to drop it.
            wait: whether other threads wait for the trial; otherwise they go on without it.
        """
        if self.is_open and self._trying.acquire(blocking=wait):
            try:
                if self.is_open:
                    self.state = "trying"
                    self.kept = attempt()
                    self.state = "dropped" if self.kept is None else "kept"
            finally:
                if self.state == "trying":  # the trial raised
                    self.state = "undecided"
                self._trying.release()
        return self.kept

    def keep(self, value: Value) -> None:
        """Decide for it without a trial."""
        self.state, self.kept = "kept", value

    def drop(self) -> None:
        """Decide against it, before or after a trial."""
        self.state, self.kept = "dropped", None


def perturbed(value: Any, rng: np.random.Generator, *, signed: bool = False) -> Any:
    """Return an array like a golden one in which every float differs and none is constant.

    Each element is moved by up to a half. Zeros, what is not finite, and some of the others are
    drawn anew, of many magnitudes. Integers of 8 bits are drawn anew. Other values are returned
    unchanged, because they may be indices or lengths.

    Args:
        value: the golden value.
        rng: draws the numbers.
        signed: whether numbers of both signs are drawn where the golden value has one sign only,
            like a variance or the output of a Relu.
    """
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind in "iu" and value.dtype.itemsize == 1:
        limits = np.iinfo(value.dtype)
        return rng.integers(limits.min, limits.max, value.shape, value.dtype, endpoint=True)
    if value.dtype.kind != "f":
        return value
    golden = value.astype(np.float64)
    finite = golden[np.isfinite(golden)]
    scale = float(np.abs(finite).max(initial=0)) or 1.0
    drawn = scale * rng.normal(0, 1, value.shape) * np.exp2(-rng.integers(0, 8, value.shape))
    if not signed and (finite >= 0).all() and finite.any():
        drawn = np.abs(drawn)
    anew = (rng.random(value.shape) < _DRAWN_SHARE) | (golden == 0) | ~np.isfinite(golden)
    moved = np.where(anew, drawn, golden * rng.uniform(0.5, 1.5, value.shape))
    largest = float(ml_dtypes.finfo(value.dtype).max)
    return np.asarray(np.clip(moved, -largest, largest), value.dtype)


def same_bits(one: Any, other: Any, *, any_nan: bool = False) -> bool:
    """Return whether two tensors, sequences of tensors or optionals are the same, bit by bit.

    Args:
        one: an array, a list of arrays, or None for an absent optional.
        other: the same.
        any_nan: whether a NaN may have another payload: kernels choose it by the element's place.
    """
    if one is other:
        return True
    if isinstance(one, list) and isinstance(other, list):  # sequences of tensors
        return len(one) == len(other) and all(
            same_bits(x, y, any_nan=any_nan) for x, y in zip(one, other, strict=True)
        )
    if not (isinstance(one, np.ndarray) and isinstance(other, np.ndarray)):
        return False
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.dtype.hasobject:  # strings
        return bool(np.array_equal(one, other))
    if one.tobytes() == other.tobytes():
        return True
    if not any_nan or one.dtype.kind != "f":
        return False
    nans = np.isnan(one)
    return np.array_equal(nans, np.isnan(other)) and one[~nans].tobytes() == other[~nans].tobytes()
