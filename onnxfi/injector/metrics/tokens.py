"""Decodes sequences of tokens, and counts the edits between them."""

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False, slots=True)
class Tokens:
    """Sequences of tokens of different lengths.

    Attributes:
        values: the tokens, shape (K, samples, steps); 0 after the end of each sequence.
        lengths: the lengths, shape (K, samples).
    """

    values: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of_steps(
        cls, steps: np.ndarray, *, end: int | None, blank: int | None, merge_repeats: bool
    ) -> Self:
        """Decode the sequences from the token at each step.

        Args:
            steps: shape (K, samples, steps).
            end: the token that ends a sequence, itself included.
            blank: the blank of CTC: equal neighbours are merged, then blanks are dropped.
            merge_repeats: whether a blank also merges equal neighbours.
        """
        kept = np.ones(steps.shape, bool)
        if end is not None:
            ends = np.cumsum(steps == end, axis=-1)
            kept[..., 1:] &= ends[..., :-1] == 0
        if blank is not None:
            kept &= steps != blank
            if merge_repeats:
                kept[..., 1:] &= steps[..., 1:] != steps[..., :-1]
        lengths = kept.sum(axis=-1)
        if not kept.all():
            order = np.argsort(~kept, axis=-1, kind="stable")
            steps = np.take_along_axis(np.where(kept, steps, 0), order, axis=-1)
        return cls(steps, lengths)

    def differ(self, golden: Self) -> np.ndarray:
        """Return which sequences differ from the golden ones, shape (K, samples).

        Args:
            golden: the golden sequences, of K = 1 and as many samples.
        """
        steps = min(self.values.shape[-1], golden.values.shape[-1])
        other_values = self.values[..., :steps] != golden.values[..., :steps]
        return np.asarray((self.lengths != golden.lengths) | other_values.any(axis=-1))

    def edits(self, golden: Self) -> np.ndarray:
        """Return the edit distances from the golden sequences, shape (K, samples).

        Args:
            golden: the golden sequences, of K = 1 and as many samples.
        """
        differ = self.differ(golden)
        edits = np.zeros(differ.shape, np.int64)
        for sample in range(differ.shape[1]):
            rows = differ[:, sample]
            if rows.any():
                values, lengths = self.values[rows, sample], self.lengths[rows, sample]
                before = golden.values[0, sample, : golden.lengths[0, sample]]
                edits[rows, sample] = edit_distances(before, values, lengths)
        return edits


def edit_distances(golden: np.ndarray, faulty: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the Levenshtein distance between one sequence and each of many.

    The rows of the usual table are computed for all sequences at once.

    Args:
        golden: the one sequence, shape (G,).
        faulty: the others, shape (K, T); tokens beyond the length of each are ignored.
        lengths: their lengths, shape (K,).
    """
    steps = np.arange(faulty.shape[1] + 1)
    row = np.tile(steps, (len(faulty), 1))
    for place, token in enumerate(golden, 1):
        replaced = row[:, :-1] + (faulty != token)
        row[:, 1:] = np.minimum(replaced, row[:, 1:] + 1)
        row[:, 0] = place
        # An insertion costs 1 a step, so subtracting the steps leaves a running minimum.
        row = np.minimum.accumulate(row - steps, axis=1) + steps
    return np.asarray(row[np.arange(len(faulty)), lengths])
