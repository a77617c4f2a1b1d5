"""The inputs of a campaign."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from onnxfi.campaign.configuration import Inputs
from onnxfi.errors import InputError
from onnxfi.graph import Model


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
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return {path.stem: content}
        with content:
            return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise InputError(
            f"Inputs must be an .npz or .npy file of plain arrays, and {path} is not: {error}"
        ) from error


def read_inputs(model: Model, source: Inputs) -> InputSet:
    """Read the inputs of a campaign.

    Raises:
        InputError: the file cannot be read, or its arrays do not fit the model or one another.
    """
    arrays = read_arrays(source.file)
    mapping = match_arrays(model, arrays, source.tensors, labels=source.labels)
    tensors = {name: arrays[key][: source.limit] for name, key in mapping.items()}
    labels = None
    if source.labels is not None:
        labels = _pick(arrays, source.labels, source.file)[: source.limit]
    lengths = {name: len(array) if array.ndim else 0 for name, array in tensors.items()}
    if labels is not None:
        lengths[source.labels or ""] = len(labels)
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        listed = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise InputError(
            f"All arrays in {source.file} must hold the same number of inputs, at least 1, "
            f"got {listed}."
        )
    return InputSet(tensors, labels)


def match_arrays(
    model: Model,
    arrays: dict[str, np.ndarray],
    tensors: dict[str, str] | None = None,
    *,
    labels: str | None = None,
) -> dict[str, str]:
    """Return the name of the array for each graph input.

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
        candidates = [name for name in arrays if name != labels]
        if len(wanted) == 1 and len(candidates) == 1:
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
                f"{key if key is not None else name!r}. It holds {', '.join(map(repr, arrays))}; "
                "name the array for each graph input under inputs.tensors."
            )
    return tensors


def _pick(arrays: dict[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    if name not in arrays:
        raise InputError(
            f"The labels must be an array of {path}, which holds {', '.join(map(repr, arrays))}, "
            f"got {name!r}."
        )
    return arrays[name]
