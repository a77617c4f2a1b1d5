"""The tensors of an answer."""

import numpy as np

from onnxfi.errors import InputError
from onnxfi.injector.metrics.metric import Outputs


def pick_tensor(outputs: Outputs, name: str | None) -> np.ndarray:
    """Return an output that holds numbers.

    Args:
        outputs: the outputs of a model.
        name: of the output; None takes the first.

    Raises:
        InputError: there is none of this name, or it is no tensor of numbers.
    """
    name = next(iter(outputs)) if name is None else name
    if name not in outputs:
        raise InputError(f"The metric's output must be one of {', '.join(outputs)}, got {name!r}.")
    tensor = outputs[name]
    dtype = getattr(tensor, "dtype", None)
    if dtype is None or dtype.hasobject:  # a sequence of tensors, or texts
        raise InputError(
            f"The metric's output must be a tensor of numbers, and {name!r} is none. Choose "
            "another output of the model."
        )
    return tensor


def by_sample(tensor: np.ndarray) -> np.ndarray:
    """Return a tensor with an axis of samples and one of values; a vector is one sample."""
    samples = tensor.shape[0] if tensor.ndim > 1 else 1
    return tensor.reshape(samples, tensor.size // max(1, samples))
