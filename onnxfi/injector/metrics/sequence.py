"""Compares the class at each step, for models that recognise text or speech."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from onnxfi.errors import InputError
from onnxfi.injector.metrics.answers import best_classes, pick_tensor
from onnxfi.injector.metrics.metric import ColumnType, Comparisons, MetricValue, Outputs
from onnxfi.injector.metrics.tokens import Tokens

_COLUMNS: Mapping[str, ColumnType] = {
    "golden_length": int,
    "length": int,
    "edit_distance": int,
    "error_rate": float,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSequence:
    """The answer is a token for each step; it is wrong if the sequence of any sample differs.

    The token of a step is the class with the highest score: a NaN never wins, of equal scores the
    lower class does, and a single score is class 1 above 0.5. Integers are the tokens themselves.
    Faulty outputs may have another number of steps. Another number of samples, classes or axes is
    wrong.

    The columns, over all samples: ``golden_length`` and ``length``, the number of tokens;
    ``edit_distance``, the least number of insertions, deletions and replacements between them
    (Levenshtein); ``error_rate``, the edit distance divided by the golden length, or by 1 if that
    is 0. All but the first are None if the number of samples, classes or axes differs.

    Attributes:
        output: the output that holds the scores, shape (N, …, classes), or (steps, classes) of one
            sample; or the tokens as integers, shape (N, …), or (steps) of one sample. None means
            the first output.
        class_axis: the axis of the classes in scores. All axes but the classes and the samples are
            steps, in their order.
        batch_axis: the axis of the samples, if there is one.
        end: the token that ends a sequence. It belongs to the sequence; later tokens do not.
        blank: the blank of CTC: equal neighbours are merged, then blanks are dropped.
        merge_repeats: whether a blank also merges equal neighbours.

    If the output holds scores, ``end`` and ``blank`` are classes, and -1 is the last class.
    """

    output: str | None = None
    class_axis: int = -1
    batch_axis: Annotated[int, Field(ge=0)] = 0
    end: int | None = None
    blank: int | None = None
    merge_repeats: bool = True

    @property
    def column_types(self) -> Mapping[str, ColumnType]:
        """The columns that the class describes."""
        return _COLUMNS

    def is_wrong(self, golden: Outputs, faulty: Outputs) -> bool:
        """Return whether the sequence of any sample differs from the golden one."""
        return self.compare_many(golden, [faulty]).wrong()[0]

    def columns(self, golden: Outputs, faulty: Outputs) -> dict[str, MetricValue]:
        """Return the columns that the class describes."""
        found = self.compare_many(golden, [faulty]).columns()
        return {name: values[0] for name, values in found.items()}

    def compare_many(self, golden: Outputs, faulty: Sequence[Outputs]) -> Comparisons:
        """Compare several faulty outputs at once; see `Metric`."""
        before = self._tokens([pick_tensor(golden, self.output)])
        after = list(self._comparable(golden, faulty))
        return Comparisons(lambda: _wrong(before, after), lambda: _columns(before, after))

    def _comparable(
        self, golden: Outputs, faulty: Sequence[Outputs]
    ) -> Iterator[tuple[int, Tokens | None]]:
        """Yield the number of faulty outputs and their sequences: all, or one by one.

        They are yielded one by one if their shapes differ. None stands for sequences that cannot be
        compared with the golden ones.
        """
        before = self._fixed_sizes(pick_tensor(golden, self.output))
        tensors = [pick_tensor(x, self.output) for x in faulty]
        at_once = len({x.shape for x in tensors}) == 1
        for part in [tensors] if at_once else [[x] for x in tensors]:
            comparable = self._fixed_sizes(part[0]) == before
            yield len(part), self._tokens(part) if comparable else None

    def _fixed_sizes(self, tensor: np.ndarray) -> tuple[int, ...]:
        """Return the properties that a faulty output must share with the golden one."""
        axes = tensor.ndim
        is_scores = tensor.dtype.kind not in "biu"
        classes = tensor.shape[self.class_axis] if is_scores else 0
        samples = tensor.shape[self.batch_axis] if axes > 1 + is_scores else 1
        return axes, classes, samples

    def _tokens(self, tensors: Sequence[np.ndarray]) -> Tokens:
        """Return the sequences of outputs of one shape."""
        stacked = np.stack(tensors)
        axes = stacked.ndim - 1
        end, blank = self.end, self.blank
        if stacked.dtype.kind in "biu":
            steps, batch_axis = stacked, self.batch_axis if axes > 1 else None
        else:
            class_axis = self.class_axis + axes if self.class_axis < 0 else self.class_axis
            batch_axis = self.batch_axis if axes > 2 else None
            if axes < 2 or not 0 <= class_axis < axes or class_axis == batch_axis:
                raise self._unfit(stacked.shape[1:])
            classes = stacked.shape[1 + class_axis]
            end, blank = (_class(x, classes) for x in (end, blank))
            steps = best_classes(stacked, 1 + class_axis)
            if batch_axis is not None and batch_axis > class_axis:
                batch_axis -= 1
        if batch_axis is None:
            steps = steps[:, np.newaxis]
        elif batch_axis < steps.ndim - 1:
            steps = np.moveaxis(steps, 1 + batch_axis, 1)
        else:
            raise self._unfit(stacked.shape[1:])
        count, samples, *rest = steps.shape
        steps = steps.reshape(count, samples, math.prod(rest))
        return Tokens.of_steps(steps, end=end, blank=blank, merge_repeats=self.merge_repeats)

    def _unfit(self, shape: tuple[int, ...]) -> InputError:
        return InputError(
            "The metric sequence needs scores of the shape (N, steps, classes), or (steps, "
            "classes) of one sample, or tokens as integers. The output has the shape "
            f"{shape}, class_axis is {self.class_axis}, batch_axis {self.batch_axis}. Correct the "
            "axes, or choose another output."
        )


def _wrong(before: Tokens, after: Sequence[tuple[int, Tokens | None]]) -> list[bool]:
    wrong: list[bool] = []
    for count, tokens in after:
        differ = np.ones((count, 1), bool) if tokens is None else tokens.differ(before)
        wrong.extend(bool(row.any()) for row in differ)
    return wrong


def _columns(
    before: Tokens, after: Sequence[tuple[int, Tokens | None]]
) -> dict[str, list[MetricValue]]:
    golden_length = int(before.lengths.sum())
    columns: dict[str, list[MetricValue]] = {name: [] for name in _COLUMNS}
    for count, tokens in after:
        columns["golden_length"] += [golden_length] * count
        if tokens is None:
            for name in ("length", "edit_distance", "error_rate"):
                columns[name] += [None] * count
            continue
        edits = tokens.edits(before).sum(axis=1)
        columns["length"] += tokens.lengths.sum(axis=1).tolist()
        columns["edit_distance"] += edits.tolist()
        columns["error_rate"] += (edits / max(1, golden_length)).tolist()
    return columns


def _class(token: int | None, classes: int) -> int | None:
    """Return a class counted from 0; it may be given counted from the end."""
    if token is None or 0 <= token < classes:
        return token
    if -classes <= token < 0:
        return token + classes
    raise InputError(
        f"The metric's end and blank must be classes of the output, from {-classes} to "
        f"{classes - 1}, got {token}."
    )
