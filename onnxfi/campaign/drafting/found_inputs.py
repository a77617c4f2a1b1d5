"""Finds out how given files feed a model."""

import os
from collections.abc import Sequence
from pathlib import Path

from onnxfi.campaign.drafting.draft_text import DraftedInputs
from onnxfi.campaign.drafting.random_inputs import describe_input, plausible_value
from onnxfi.campaign.inputs.array_file import ArrayFile
from onnxfi.campaign.inputs.labels import find_labels
from onnxfi.campaign.inputs.matching import match_arrays, match_what_fits
from onnxfi.configuration import Inputs, InputTensor, holds_one_input_each, sample_files
from onnxfi.errors import InputError
from onnxfi.graph import Model, format_shape


def find_inputs(model: Model, files: Sequence[Path], folder: Path) -> DraftedInputs:
    """Return how files feed a model, with a value for each graph input that has no array.

    Args:
        model: the model.
        files: files of arrays, a pattern, or a folder.
        folder: the folder that paths will be relative to.

    Raises:
        InputError: the files cannot be read, or no array fits the model.
    """
    chosen = _in_folder(files[0]) if len(files) == 1 else tuple(files)
    source = Inputs(file=chosen)
    whole = holds_one_input_each(source)
    first = ArrayFile.open(sample_files(source)[0])
    matched, missing = match_what_fits(model, source, first, whole=whole)
    if missing and not matched:
        match_arrays(model, source, first, whole=whole)  # which says what is missing
    comments = {}
    for name, tensor in matched.items():
        header = first.headers[first.key(tensor.array or name)]
        comments[name] = f"{header.dtype} {format_shape(header.shape)}"
    filled = {name: InputTensor(value=plausible_value(name)) for name in missing}
    for name in filled:
        comments[name] = f"not in the file, for {describe_input(model.values[name])}"
    said = {
        name: tensor for name, tensor in matched.items() if first.key(name) not in first.headers
    }
    labels = find_labels(first, {x.array for x in matched.values()}, whole=whole)
    paths = chosen if isinstance(chosen, tuple) else (chosen,)
    relative = tuple(Path(os.path.relpath(x, folder)) for x in paths)
    inputs = Inputs(
        file=relative if isinstance(chosen, tuple) else relative[0],
        tensors={**said, **filled} or None,
        labels=labels,
    )
    return DraftedInputs(inputs, comments)


def _in_folder(path: Path) -> Path:
    """Return the pattern of the array files in a folder; another path as it is."""
    if not path.is_dir():
        return path
    for ending in ("npz", "npy"):
        if any(path.glob(f"*.{ending}")):
            return path / f"*.{ending}"
    raise InputError(f"{path} must hold .npz or .npy files, one for each input, and holds none.")
