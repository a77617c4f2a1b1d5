"""Reads the inputs that the options of a command name."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from onnxfi.campaign.configuration import Inputs, InputTensor, Labels
from onnxfi.campaign.configuration.inputs import is_plain
from onnxfi.campaign.configuration.yaml_text import load_yaml
from onnxfi.campaign.inputs import InputSource, read_inputs
from onnxfi.campaign.inputs.array_file import ArrayFile
from onnxfi.campaign.inputs.files import sample_files
from onnxfi.campaign.inputs.values import array_of_value
from onnxfi.cli.output import messages
from onnxfi.errors import InputError
from onnxfi.graph import Model


def inputs_of(
    files: Sequence[Path],
    *,
    array: Sequence[str] | None,
    axis: Sequence[str] | None,
    constant: Sequence[str] | None,
    repeat: bool,
    labels: str | None = None,
) -> Inputs:
    """Return what the options say, as a campaign's configuration says it.

    Raises:
        InputError: an option makes no sense.
    """
    tensors: dict[str, dict[str, Any]] = {}
    for name, text in _pairs("--array", array):
        tensors.setdefault(name, {})["array"] = text
    for name, text in _pairs("--axis", axis):
        if not text.removeprefix("-").isdecimal():
            raise InputError(f"--axis must be NAME=AXIS with a whole number, got {name}={text}.")
        tensors.setdefault(name, {})["axis"] = int(text)
    file = files[0] if len(files) == 1 else tuple(files)
    inputs = Inputs(file=file, repeat=repeat, labels=Labels(array=labels) if labels else None)
    for name, text in _pairs("--constant", constant):
        if name in tensors:
            raise InputError(f"--constant {name} excludes --array {name} and --axis {name}.")
        tensors[name] = _constant(name, text, inputs)
    sections = {name: InputTensor(**said) for name, said in tensors.items()}
    return inputs.model_copy(update={"tensors": sections or None})


def optional_inputs_of(
    files: Sequence[Path] | None,
    *,
    array: Sequence[str] | None,
    axis: Sequence[str] | None,
    constant: Sequence[str] | None,
    repeat: bool,
) -> Inputs | None:
    """Return what `inputs_of` does; None without --inputs.

    Raises:
        InputError: an option makes no sense, or --inputs is missing beside others.
    """
    if files:
        return inputs_of(files, array=array, axis=axis, constant=constant, repeat=repeat)
    if array or axis or constant or repeat:
        raise InputError(
            "--array, --axis, --constant and --repeat say how --inputs are fed. Give --inputs "
            "as well."
        )
    return None


def written_constants(model: Model, constant: Sequence[str] | None) -> dict[str, np.ndarray]:
    """Return the values that ``--constant`` writes for graph inputs; names of arrays are left out.

    Raises:
        InputError: the model has no such input, or it does not take the value.
    """
    inputs = {x.name: x for x in model.graph.inputs}
    found = {}
    for name, text in _pairs("--constant", constant):
        if name not in inputs:
            raise InputError(
                f"--constant must name an input of the model, one of "
                f"{', '.join(map(repr, inputs))}, got {name!r}."
            )
        value = _written(text)
        if isinstance(value, bool | int | float | list):
            found[name] = array_of_value(inputs[name], value)
    return found


def read_samples(model: Model, inputs: Inputs) -> InputSource:
    """Read inputs, and print what of them is left out.

    Raises:
        InputError: they cannot be read, or do not fit the model.
    """
    samples = read_inputs(model, inputs)
    if samples.note is not None:
        messages.print(samples.note)
    return samples


def _pairs(option: str, texts: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    for text in texts or ():
        name, separator, said = text.partition("=")
        if not (name and separator and said):
            raise InputError(f"{option} must name a graph input, as NAME=…, got {text!r}.")
        yield name, said


def _constant(name: str, text: str, inputs: Inputs) -> dict[str, Any]:
    """Return how a constant is said: as an array of the file, else as a value."""
    file = ArrayFile.open(sample_files(inputs)[0])
    if text in file.headers:
        return {"array": text, "constant": True}
    value = _written(text)
    if not is_plain(value) or (isinstance(value, str) and text[:1] not in "\"'"):
        raise InputError(
            f"--constant {name} must be an array of {file.path}, which holds "
            f"{', '.join(map(repr, file.headers)) or 'none'}; or a number, a list such as [1, 2], "
            f"or a text in quotes; got {text}."
        )
    return {"value": value}


def _written(text: str) -> Any:
    try:
        return load_yaml(text)
    except (yaml.YAMLError, ValueError):
        return text
