"""Compares the class with the highest score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.error_models.values import to_float64
from onnxfi.injector.metrics.answers import by_sample, first_scores, pick_tensor
from onnxfi.injector.metrics.fitting import has_several_class_axes, unfit_for_classification
from onnxfi.injector.metrics.metric import ColumnType, Comparisons, MetricValue, Outputs

_COLUMNS: Mapping[str, ColumnType] = {
    "golden_top1": int,
    "top1": int,
    "sdc5": bool,
    "sdc10": bool,
    "sdc20": bool,
    "max_absolute_error": float,
}


@dataclass(frozen=True, slots=True)
class Classification:
    """The answer is the class with the highest score; it is wrong if it is not the golden one.

    Axes of length 1 are ignored, so (N, classes, 1, 1) is (N, classes). A single score means class
    1 above 0.5. A vector of int32 or int64 holds the class of each sample itself. With several
    samples in a batch, one wrong sample makes the answer wrong; so do scores of another shape than
    the golden ones. A NaN among the scores never wins.

    Golden scores with more than one axis besides the samples are an InputError; `TokenSequence`
    and `Segmentation` take them.

    The columns: ``top1`` and ``golden_top1``, the classes of the first sample; ``sdc5``, the faulty
    top-1 is not among the golden top-5; ``sdc10`` and ``sdc20``, the score of the golden top-1
    moved by more than 10 % or 20 % of itself (definitions: G. Li et al., SC'17);
    ``max_absolute_error`` over all scores. An SDC column is true if it is true for any sample.

    Attributes:
        output: name of the output that holds the scores, shape (N, …); None means the first output,
            or, after labels, the first output of floating-point numbers.
    """

    output: str | None = None

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the class describes."""
        return _COLUMNS

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return whether the top-1 class of any sample differs from the golden one."""
        return self.compare_many(golden, [faulty]).wrong()[0]

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the columns that the class describes."""
        found = self.compare_many(golden, [faulty]).columns()
        return {name: values[0] for name, values in found.items()}

    def compare_many(self, golden: Outputs, faulty: Sequence[Outputs]) -> Comparisons:
        """Compare several faulty outputs at once; see `Metric`."""
        before = self._golden_scores(golden)
        after = self._stacked(golden, faulty)
        if after is None or not before.size:
            each = [self._scores(x) for x in faulty]
            return Comparisons(
                lambda: [_is_one_wrong(before, x) for x in each],
                lambda: _columns_one_by_one(before, each),
            )
        return Comparisons(
            lambda: (_top1(after) != _top1(before)).any(axis=1).tolist(),
            lambda: _compare(before, after),
        )

    def _stacked(self, golden: Outputs, faulty: Sequence[Outputs]) -> np.ndarray | None:
        """Return the scores, shape (N, samples, classes); None if the shapes or dtypes differ."""
        name = first_scores(golden) if self.output is None else self.output
        shape, dtype = golden[name].shape, golden[name].dtype
        tensors = [x.get(name) for x in faulty]
        if any(x is None or x.shape != shape or x.dtype != dtype for x in tensors):
            return None
        return np.array(tensors, dtype).reshape(len(faulty), *_by_sample(golden[name]).shape)

    def _golden_scores(self, golden: Outputs) -> np.ndarray:
        scores = pick_tensor(golden, self.output)
        if has_several_class_axes(scores):
            name = first_scores(golden) if self.output is None else self.output
            raise unfit_for_classification(name, scores)
        return _by_sample(scores)

    def _scores(self, outputs: Outputs) -> np.ndarray:
        return _by_sample(pick_tensor(outputs, self.output))


def _is_one_wrong(before: np.ndarray, after: np.ndarray) -> bool:
    if before.shape != after.shape or not before.size:
        return before.shape != after.shape
    return bool((_top1(after) != _top1(before)).any())


def _columns_one_by_one(
    before: np.ndarray, faulty: Sequence[np.ndarray]
) -> dict[str, list[MetricValue]]:
    rows = [_columns_of_one(before, x) for x in faulty]
    return {name: [row[name] for row in rows] for name in _COLUMNS}


def _columns_of_one(before: np.ndarray, after: np.ndarray) -> dict[str, MetricValue]:
    wrong = before.shape != after.shape
    if before.size and not wrong:
        return {name: x[0] for name, x in _compare(before, after[np.newaxis]).items()}
    return {
        "golden_top1": int(_top1(before)[0]) if before.size else None,
        "top1": int(_top1(after)[0]) if after.size else None,
        "sdc5": wrong,
        "sdc10": wrong,
        "sdc20": wrong,
        "max_absolute_error": None,
    }


def _compare(golden: np.ndarray, faulty: np.ndarray) -> dict[str, list[MetricValue]]:
    """Return the columns of N faulty answers.

    Args:
        golden: scores, shape (samples, classes), at least one.
        faulty: shape (N, samples, classes).
    """
    before, after = to_float64(golden), to_float64(faulty)
    # Converted to float64, labels would look like scores.
    classes = (golden, faulty) if _are_labels(golden) else (before, after)
    golden_top1, top1 = map(_top1, classes)
    answer = golden_top1 if before.shape[1] > 1 else np.zeros_like(golden_top1)
    rows = np.arange(len(before))
    with np.errstate(invalid="ignore", over="ignore"):  # Inf and NaN are legitimate scores here
        moved = np.abs(after[:, rows, answer] - before[rows, answer])
        reference = np.abs(before[rows, answer])
        error = np.abs(after - before).max(axis=(1, 2))
    if before.shape[1] > 1:
        top5 = _top5(before)
        sdc5 = ~(top5 == top1[:, :, np.newaxis]).any(axis=2)
    else:
        sdc5 = golden_top1 != top1
    return {
        "golden_top1": [int(golden_top1[0])] * len(after),
        "top1": top1[:, 0].tolist(),
        "sdc5": sdc5.any(axis=1).tolist(),
        # Not "moved > …": a NaN counts as moved by more than any percentage.
        "sdc10": (~(moved <= 0.1 * reference)).any(axis=1).tolist(),
        "sdc20": (~(moved <= 0.2 * reference)).any(axis=1).tolist(),
        "max_absolute_error": error.tolist(),
    }


def _top5(scores: np.ndarray) -> np.ndarray:
    """Return the five highest classes of scores (samples, classes), or all if there are fewer.

    Of equal scores the lower class comes first, and a NaN comes last.
    """
    places = min(5, scores.shape[1])
    lowest_first = -scores
    fifth = np.partition(lowest_first, places - 1, axis=1)[:, places - 1]
    found = np.empty((len(scores), places), np.int64)
    for sample, (values, most) in enumerate(zip(lowest_first, fifth, strict=True)):
        # There may be many thousand scores; only those as high as the fifth are sorted.
        high = np.flatnonzero(values <= most) if np.isfinite(most) else np.arange(values.size)
        found[sample] = high[np.argsort(values[high], kind="stable")[:places]]
    return found


def _top1(scores: np.ndarray) -> np.ndarray:
    """Return the highest class of scores (…, classes)."""
    if scores.shape[-1] == 1:
        if _are_labels(scores):
            return scores[..., 0]
        return np.asarray(scores[..., 0] > 0.5, dtype=np.int64)
    if scores.dtype.kind not in "biu":
        scores = to_float64(scores)
        scores = np.where(np.isnan(scores), -np.inf, scores)
    return np.asarray(scores.argmax(axis=-1))


def _by_sample(scores: np.ndarray) -> np.ndarray:
    """Return scores of the shape (samples, classes)."""
    is_vector = scores.ndim == 1 and _are_labels(scores)
    return scores.reshape(-1, 1) if is_vector else by_sample(scores)


def _are_labels(scores: np.ndarray) -> bool:
    """Return whether single scores are class labels; quantised scores have fewer bits."""
    return scores.dtype.kind in "iu" and scores.dtype.itemsize >= np.dtype(np.int32).itemsize
