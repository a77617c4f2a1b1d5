"""Chooses tokens greedily."""

from collections.abc import Mapping, Sequence

import numpy as np

from onnxfi.errors import InputError


def best_classes(scores: np.ndarray) -> np.ndarray:
    """Return the best class of each sample at its last position; NaN is the worst score.

    Args:
        scores: shape ``(samples, classes)`` or ``(samples, positions, classes)``.
    """
    last = scores[:, -1] if scores.ndim > 2 else scores
    return np.asarray(np.where(np.isnan(last), -np.inf, last).argmax(axis=-1))


def greedy_tokens(
    outputs: Sequence[Mapping[str, np.ndarray]], name: str = "logits"
) -> tuple[int, ...]:
    """Return the token that each step of one sequence chooses.

    Args:
        outputs: the outputs of each step, of a golden sequence or an injection; tokens end before
            a step that failed.
        name: the output with the scores, with one sample.

    Raises:
        InputError: the steps have no such output, or it has several samples.
    """
    found: list[int] = []
    for step in outputs:
        if not step:
            break
        if name not in step:
            raise InputError(
                f"The scores {name!r} must be an output of each step. The outputs are "
                f"{', '.join(step)}."
            )
        chosen = best_classes(step[name])
        if chosen.shape != (1,):
            raise InputError(
                f"The scores {name!r} must have one sample to make one text, got shape "
                f"{step[name].shape}. Run each sample as a sequence of its own."
            )
        found.append(int(chosen[0]))
    return tuple(found)
