"""The inputs of a campaign."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import onnx_ir as ir

from onnxfi.campaign.configuration import Inputs
from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.injector.inputs import format_shape, shape_fits


@dataclass(frozen=True, eq=False, slots=True)
class InputSet:
    """The inputs of a campaign.

    Attributes:
        tensors: one array per graph input, by name; the first axis counts the inputs.
        labels: the right class of each input, shape (n,), or None.
    """

    tensors: dict[str, np.ndarray]
    labels: np.ndarray | None

    def __len__(self) -> int:
        """Return the number of inputs."""
        return len(next(iter(self.tensors.values())))

    def at(self, index: int) -> dict[str, np.ndarray]:
        """Return one input as a batch of one."""
        return {name: array[index : index + 1] for name, array in self.tensors.items()}


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an .npz file by name; an .npy file holds one, named after the file.

    Raises:
        InputError: there is no such file, or it holds no arrays; pickled objects are refused.
    """
    try:
        # Opened here, since NumPy leaves a damaged file open.
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return {path.stem: content}
            with content:
                return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        # NumPy would advise to unpickle whatever is no array.
        pickled = "allow_pickle" in str(error)
        raise InputError(
            f"Inputs must be an .npz or .npy file of plain arrays, and {path} is not: "
            f"{'it holds something else, or pickled objects' if pickled else error}"
        ) from error


def read_inputs(model: Model, source: Inputs) -> InputSet:
    """Read the inputs of a campaign.

    Raises:
        InputError: the file cannot be read, or its arrays do not fit the model or one another.
    """
    arrays = read_arrays(source.file)
    mapping = match_arrays(model, arrays, source.tensors, labels=source.labels)
    used = {key: arrays[key] for key in mapping.values()}
    labels = None
    if source.labels is not None:
        labels = used[source.labels] = _pick_labels(arrays, source.labels, source.file)
    _check_lengths(used, source.file)
    tensors = {name: arrays[key][: source.limit] for name, key in mapping.items()}
    return InputSet(tensors, None if labels is None else labels[: source.limit])


def read_unlabelled(model: Model, path: Path) -> InputSet:
    """Read the inputs of a file whose arrays have the names of the graph inputs.

    Raises:
        InputError: the file cannot be read, or its arrays do not fit the model or one another.
    """
    return read_inputs(model, Inputs(file=path))


def match_arrays(
    model: Model,
    arrays: dict[str, np.ndarray],
    tensors: dict[str, str] | None = None,
    *,
    labels: str | None = None,
) -> dict[str, str]:
    """Return the name of the array for each graph input.

    Where the user did not say, an array has the name of its graph input; a model with one input
    also takes the only array, or the only one of its shape and dtype.

    Args:
        model: the model whose graph inputs are to be fed.
        arrays: the arrays of a file, by name.
        tensors: the array's name for each graph input, where the user said so.
        labels: name of the array that holds labels, which is no input.

    Raises:
        InputError: a graph input has no array.
    """
    wanted = [value.name or "" for value in model.graph.inputs]
    if tensors is None:
        if len(wanted) == 1 and wanted[0] not in arrays:
            candidates = [name for name in arrays if name != labels]
            if len(candidates) > 1:
                value = model.graph.inputs[0]
                candidates = [name for name in candidates if _holds_samples(arrays[name], value)]
            if len(candidates) == 1:
                return {wanted[0]: candidates[0]}
        tensors = {name: name for name in wanted}
    for name in tensors:
        if name not in wanted:
            raise InputError(
                f"Every input must be one of the model's ({', '.join(map(repr, wanted))}), "
                f"got {name!r}."
            )
    for name in wanted:
        key = tensors.get(name)
        if key is None or key not in arrays:
            raise InputError(
                f"The graph input {name!r} needs an array, and the file has no "
                f"{name if key is None else key!r}. It holds {', '.join(map(repr, arrays))}. "
                "Name the array after the graph input; a campaign configuration may instead say "
                "under inputs.tensors which array it is."
            )
    return tensors


def _holds_samples(array: np.ndarray, value: ir.Value) -> bool:
    """Return whether an array could hold samples of a graph input, counted by its first axis."""
    if value.dtype is None or array.dtype != value.dtype.numpy():
        return False
    return value.shape is None or shape_fits(array.shape[1:], tuple(value.shape)[1:])


def _check_lengths(arrays: dict[str, np.ndarray], path: Path) -> None:
    for name, array in arrays.items():
        if array.ndim == 0:
            raise InputError(
                f"The first axis of every array in {path} must count the inputs, and {name!r} is "
                "a single number."
            )
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        listed = ", ".join(f"{name!r} holds {length}" for name, length in lengths.items())
        raise InputError(
            f"All arrays in {path} must hold the same number of inputs, at least 1: {listed}."
        )


def _pick_labels(arrays: dict[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    if name not in arrays:
        raise InputError(
            f"The labels must be an array of {path}, which holds {', '.join(map(repr, arrays))}, "
            f"got {name!r}."
        )
    labels = arrays[name]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(
            f"The labels must be one whole number per input, the class, and {name!r} in {path} is "
            f"{labels.dtype} of shape {format_shape(labels.shape)}."
        )
    return labels
