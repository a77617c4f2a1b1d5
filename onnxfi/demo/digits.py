"""Loads the handwritten digits that the bundled model was trained and tested on."""

from dataclasses import dataclass

import numpy as np

from onnxfi.errors import InputError, MissingExtraError


@dataclass(frozen=True, slots=True, eq=False)
class DigitsSplit:
    """The digits of scikit-learn in a fixed split.

    Images are float32 of shape ``(n, 8, 8, 1)``, grey levels from 0 to 1; labels are int64 of
    shape ``(n,)``, 0 to 9.

    Attributes:
        training_images: the images the bundled model was trained on.
        training_labels: their labels.
        held_out_images: the images that were not used in training.
        held_out_labels: their labels.
    """

    training_images: np.ndarray
    training_labels: np.ndarray
    held_out_images: np.ndarray
    held_out_labels: np.ndarray


def split_digits() -> DigitsSplit:
    """Split the 1797 digits that are bundled with scikit-learn, without a download.

    A quarter is held out, stratified by class. The split is always the same.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise MissingExtraError(
            "The demo needs the digits of scikit-learn, which is not installed. Install the extra "
            "demo: pip install 'onnxfi[demo]'."
        ) from error
    digits = load_digits()
    # Grey levels are integers from 0 to 16.
    images = (digits.images[..., np.newaxis] / 16).astype(np.float32)
    labels = digits.target.astype(np.int64)
    training_images, held_out_images, training_labels, held_out_labels = train_test_split(
        images, labels, test_size=0.25, random_state=0, stratify=labels
    )
    return DigitsSplit(training_images, training_labels, held_out_images, held_out_labels)


def held_out_digits(limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the digits that the bundled model was not trained on, always in the same order.

    Args:
        limit: the maximum number of digits; None for all 450.

    Returns:
        Images, float32 of shape ``(n, 8, 8, 1)``, grey levels from 0 to 1; and labels, int64 of
        shape ``(n,)``, 0 to 9.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        InputError: ``limit`` is below 1.
    """
    if limit is not None and limit < 1:
        raise InputError(f"The limit must be at least 1, got {limit}. Omit it for all digits.")
    digits = split_digits()
    return digits.held_out_images[:limit], digits.held_out_labels[:limit]
