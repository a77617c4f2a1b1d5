"""Reads the inputs that the options of a command name."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from onnxfi.campaign import ArrayFile, InputSource, array_of_value, read_inputs
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.output import messages
from onnxfi.configuration import Inputs, InputTensor, Labels, is_plain, load_yaml, sample_files
from onnxfi.errors import InputError
from onnxfi.graph import Model


def configure_inputs(
    files: Sequence[Path], feeding: FeedingOptions, *, labels: str | None = None
) -> Inputs:
    """Return the campaign configuration of the inputs that the options describe.

    Raises:
        InputError: the value of an option is invalid.
    """
    tensors: dict[str, dict[str, Any]] = {}
    for name, text in _pairs("--array", feeding.array):
        tensors.setdefault(name, {})["array"] = text
    for name, text in _pairs("--axis", feeding.axis):
        if not text.removeprefix("-").isdecimal():
            raise InputError(f"--axis must be NAME=AXIS with an integer axis, got {name}={text}.")
        tensors.setdefault(name, {})["axis"] = int(text)
    file = files[0] if len(files) == 1 else tuple(files)
    inputs = Inputs(
        file=file, repeat=feeding.repeat, labels=Labels(array=labels) if labels else None
    )
    for name, text in _pairs("--constant", feeding.constant):
        if name in tensors:
            raise InputError(
                f"--constant {name} excludes --array {name} and --axis {name}. Give one of them."
            )
        tensors[name] = _constant(name, text, inputs)
    sections = {name: InputTensor(**given) for name, given in tensors.items()}
    return inputs.model_copy(update={"tensors": sections or None})


def configure_optional_inputs(
    files: Sequence[Path] | None, feeding: FeedingOptions
) -> Inputs | None:
    """Return the result of `configure_inputs`, or None if no files are given.

    Raises:
        InputError: the value of an option is invalid, or only ``--inputs`` is missing.
    """
    if files:
        return configure_inputs(files, feeding)
    if feeding != FeedingOptions():
        raise InputError(
            "--array, --axis, --constant and --repeat define how --inputs are fed. Give --inputs "
            "as well."
        )
    return None


def literal_constants(model: Model, feeding: FeedingOptions) -> dict[str, np.ndarray]:
    """Return the literal values of ``--constant`` by graph input, without the names of arrays.

    Raises:
        InputError: the model has no such input, or the input does not accept the value.
    """
    inputs = {x.name: x for x in model.graph.inputs}
    found = {}
    for name, text in _pairs("--constant", feeding.constant):
        if name not in inputs:
            raise InputError(
                f"--constant must name an input of the model, one of "
                f"{', '.join(map(repr, inputs))}, got {name!r}."
            )
        value = _parse(text)
        if isinstance(value, bool | int | float | list):
            found[name] = array_of_value(inputs[name], value)
    return found


def read_samples(model: Model, inputs: Inputs) -> InputSource:
    """Read inputs, and report on stderr if some are left out.

    Raises:
        InputError: the inputs cannot be read, or do not fit the model.
    """
    samples = read_inputs(model, inputs)
    if samples.note is not None:
        messages.print(samples.note)
    return samples


def _pairs(option: str, texts: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    for text in texts or ():
        name, separator, value = text.partition("=")
        if not (name and separator and value):
            raise InputError(f"{option} must name a graph input, as NAME=…, got {text!r}.")
        yield name, value


def _constant(name: str, text: str, inputs: Inputs) -> dict[str, Any]:
    """Return the configuration of a constant: an array of the file, or else a value."""
    file = ArrayFile.open(sample_files(inputs)[0])
    if text in file.headers:
        return {"array": text, "constant": True}
    value = _parse(text)
    if not is_plain(value) or (isinstance(value, str) and text[:1] not in "\"'"):
        raise InputError(
            f"--constant {name} must be an array of {file.path}, which holds "
            f"{', '.join(map(repr, file.headers)) or 'none'}; or a number, a list such as [1, 2], "
            f"or a string in quotes; got {text}."
        )
    return {"value": value}


def _parse(text: str) -> Any:
    try:
        return load_yaml(text)
    except (yaml.YAMLError, ValueError):
        return text
