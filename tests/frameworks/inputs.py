"""Draws the inputs of the models, channels first for all frameworks."""

import numpy as np

SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "lenet": {"image": (1, 28, 28)},
    "resnet": {"image": (3, 32, 32)},
    "unet": {"image": (3, 32, 32)},
    "squeezenet": {"image": (3, 64, 64)},
    "siamese": {"first": (2, 12, 12), "second": (2, 12, 12)},
    "multi_input_output": {"image": (3, 8, 6), "extra": (7,)},
    "ResNet50": {"image": (3, 64, 64)},
    "DenseNet121": {"image": (3, 64, 64)},
    "InceptionV3": {"image": (3, 75, 75)},
    "MobileNetV2": {"image": (3, 64, 64)},
}
"""Shapes of the inputs, without the batch."""


def draw_inputs(name: str, rng: np.random.Generator, batch: int = 1) -> dict[str, np.ndarray]:
    """Draw inputs for a model, standard normal."""
    return {
        key: rng.standard_normal((batch, *shape)).astype(np.float32)
        for key, shape in SHAPES[name].items()
    }


def widened(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return a variance for a normalisation of random weights, where images hardly differ.

    If the variance is far below the squared mean, a normalisation is mostly rounding error.
    """
    return variance + mean**2


def channels_last(tensor: np.ndarray) -> np.ndarray:
    """Return an image in the layout of Keras; other tensors have one layout only."""
    return np.moveaxis(tensor, 1, -1) if tensor.ndim == 4 else tensor


def channels_first(tensor: np.ndarray) -> np.ndarray:
    """Return an image of Keras in the layout of PyTorch; other tensors have one layout only."""
    return np.moveaxis(tensor, -1, 1) if tensor.ndim == 4 else tensor
