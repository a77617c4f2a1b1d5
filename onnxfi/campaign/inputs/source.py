"""Provides the inputs of a campaign or a command."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onnxfi.campaign.inputs.array_file import ArrayFile
from onnxfi.campaign.inputs.feeds import Constant, Feed, PerFile
from onnxfi.campaign.inputs.labels import find_labels, read_label_of_each, read_labels
from onnxfi.campaign.inputs.matching import match_arrays
from onnxfi.campaign.inputs.row_feeds import check_batch_names, check_rows, count_inputs, cut_rows
from onnxfi.campaign.inputs.values import array_of_value
from onnxfi.configuration import Inputs, InputTensor, holds_one_input_each, sample_files
from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.injector import check_tensor
from onnxfi.onnx_ir import ir


@dataclass(frozen=True, eq=False, slots=True)
class InputSource:
    """The inputs of a campaign or a command.

    Attributes:
        feeds: the source of each graph input, by name.
        count: number of inputs.
        labels: the right class of each input, or of its first row if it has several; or None.
        alike: whether all inputs have the same shapes.
        note: a note on rows that are left out, or None.
    """

    feeds: Mapping[str, Feed]
    count: int
    labels: np.ndarray | None = None
    alike: bool = True
    note: str | None = None

    def __len__(self) -> int:
        """Return the number of inputs."""
        return self.count

    @property
    def constants(self) -> dict[str, np.ndarray]:
        """The constant arrays by the name of the graph input."""
        return {name: x.array for name, x in self.feeds.items() if isinstance(x, Constant)}

    def at(self, index: int) -> dict[str, np.ndarray]:
        """Return one input: an array per graph input, by name.

        Raises:
            InputError: its file can no longer be read.
        """
        return {name: feed.at(index) for name, feed in self.feeds.items()}


def read_inputs(model: Model, source: Inputs) -> InputSource:
    """Open the inputs of a configuration, and check that they fit the model.

    Raises:
        InputError: a file cannot be read, or its arrays do not fit the model or one another.
    """
    read = _read_files if holds_one_input_each(source) else _read_rows
    return read(model, source)


def _read_rows(model: Model, source: Inputs) -> InputSource:
    """Return the inputs that are rows of the arrays of one file."""
    (path,) = sample_files(source)
    file = ArrayFile.open(path)
    matched = match_arrays(model, source, file, whole=False)
    values = {name: model.values[name] for name in matched}
    constants = {
        name: _constant(values[name], tensor, file)
        for name, tensor in matched.items()
        if tensor.is_constant or _is_scalar(values[name], tensor, file)
    }
    sampled = {name: x for name, x in matched.items() if name not in constants}
    arrays = {name: file.read(x.array or "") for name, x in sampled.items()}
    said = source.labels
    if said is not None and said.is_auto:
        said = find_labels(file, {x.array for x in matched.values()}, whole=False)
    labels = None
    if said is not None:
        labels = read_labels(said, file if said.file is None else ArrayFile.open(said.file))
    rows = cut_rows(sampled, values, arrays, path, repeat=source.repeat)
    counted = count_inputs(rows, labels, path, limit=source.limit)
    for name, x in rows.items():
        check_rows(values[name], x)
    found: dict[str, Feed] = {**constants, **rows}
    feeds = {name: found[name] for name in matched}
    check_batch_names(values, feeds)
    if labels is not None:
        labels = labels[:: counted.rows_per_label][: counted.inputs]
    return InputSource(feeds, counted.inputs, labels, note=counted.note)


def _read_files(model: Model, source: Inputs) -> InputSource:
    """Return inputs that are files of their own."""
    paths = sample_files(source)
    files = [ArrayFile.open(path) for path in paths[: source.limit]]
    first = files[0]
    matched = match_arrays(model, source, first, whole=True)
    feeds: dict[str, Feed] = {}
    for name, tensor in matched.items():
        if tensor.axis is not None or tensor.repeat is not None:
            raise InputError(
                f"axis and repeat of {name!r} are for one file of many inputs: where each file is "
                "one input, its arrays are fed as they are."
            )
        value = model.values[name]
        if tensor.is_constant:
            feeds[name] = _constant(value, tensor, first)
            continue
        key = tensor.array or name
        for file in files:
            _check_whole(value, key, file)
        feeds[name] = PerFile(files, key)
    labels = None
    said = source.labels
    if said is not None and said.is_auto:
        said = find_labels(first, {x.array for x in matched.values()}, whole=True)
    if said is not None and said.file is None:
        labels = read_label_of_each(said, files)
    elif said is not None and said.file is not None:
        labels = read_labels(said, ArrayFile.open(said.file))
        if len(labels) != len(paths):
            raise InputError(
                f"{said.file} holds {len(labels)} labels, and must hold {len(paths)}: one "
                "for each file."
            )
        labels = labels[: len(files)]
    alike = all(len(x.shapes) == 1 for x in feeds.values() if isinstance(x, PerFile))
    return InputSource(feeds, len(files), labels, alike)


def _constant(value: ir.Value, tensor: InputTensor, file: ArrayFile) -> Constant:
    """Return the feed of a constant."""
    array = array_of_value(value, tensor.value) if tensor.array is None else file.read(tensor.array)
    check_tensor(value, array.shape, array.dtype)
    return Constant(array)


def _is_scalar(value: ir.Value, tensor: InputTensor, file: ArrayFile) -> bool:
    """Return whether a graph input and its array are both a single number."""
    wanted = None if value.shape is None else value.shape.rank()
    return wanted == 0 and not file.headers[tensor.array or ""].shape


def _check_whole(value: ir.Value, name: str, file: ArrayFile) -> None:
    header = file.headers.get(file.key(name))
    if header is None:
        raise InputError(
            f"Each file of inputs must hold an array {name!r}, and {file.path} holds "
            f"{', '.join(map(repr, file.headers)) or 'none'}."
        )
    try:
        check_tensor(value, header.shape, header.dtype)
    except InputError as error:
        raise InputError(
            f"{error} It is the array {name!r} of {file.path}, fed as it is: an input of several "
            "files has its batch axis."
        ) from error
