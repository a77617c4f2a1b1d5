"""Finds the array of each graph input."""

from collections.abc import Mapping

from onnxfi.campaign.inputs.array_file import ArrayFile, Header
from onnxfi.configuration import Inputs, InputTensor
from onnxfi.errors import InputError
from onnxfi.graph import Model
from onnxfi.injector import shape_fits
from onnxfi.onnx_ir import ir


def match_arrays(
    model: Model, source: Inputs, file: ArrayFile, *, whole: bool
) -> dict[str, InputTensor]:
    """Return the source of each graph input: the name of its array, or a value.

    By default, an array has the name of its graph input. If all other inputs are constant, an input
    also takes the only array, or the only one of its shape and dtype. An input with a default may
    be left out.

    Args:
        model: the model with the graph inputs.
        source: the user's choice.
        file: the arrays.
        whole: whether an array is one input, without an axis of samples.

    Raises:
        InputError: a graph input has no array, or there is no such graph input.
    """
    wanted = {value.name or "": value for value in model.graph.inputs}
    said = source.tensors or {}
    for name in said:
        if name not in wanted:
            raise InputError(
                f"{name!r} is not an input of the model; its inputs are "
                f"{', '.join(map(repr, wanted))}."
            )
    labels = None if source.labels is None else source.labels.array
    matched: dict[str, InputTensor] = {}
    for name, value in wanted.items():
        tensor = said.get(name, InputTensor())
        key = name if tensor.array is None else tensor.array
        if tensor.value is None and key not in file.headers:
            if name not in said and value.const_value is not None:
                continue
            others = [said.get(x, InputTensor()) for x in wanted if x != name]
            if tensor.array is None and all(x.is_constant for x in others):
                unused = {*file.headers} - {labels, *(x.array for x in others)}
                key = _only_one({x: file.headers[x] for x in unused}, value, whole=whole) or key
            if key not in file.headers:
                raise InputError(_missing(name, key, file))
        matched[name] = (
            tensor if tensor.value is not None else tensor.model_copy(update={"array": key})
        )
    return matched


def _only_one(arrays: Mapping[str, Header], value: ir.Value, *, whole: bool) -> str | None:
    """Return the only array that fits a graph input, or None."""
    names = list(arrays)
    if len(names) > 1:
        names = [x for x in names if _fits(arrays[x], value, whole=whole)]
    return names[0] if len(names) == 1 else None


def _fits(array: Header, value: ir.Value, *, whole: bool) -> bool:
    if value.dtype is None or array.dtype != value.dtype.numpy():
        return False
    first = 0 if whole else 1  # the first axis counts the samples
    return value.shape is None or shape_fits(array.shape[first:], tuple(value.shape)[first:])


def _missing(name: str, key: str, file: ArrayFile) -> str:
    return (
        f"The graph input {name!r} needs an array, and {file.path} has no {key!r}. It holds "
        f"{', '.join(map(repr, file.headers)) or 'none'}. Name the array after the graph input, or "
        f"give its name: `{name}: ARRAY` under inputs.tensors, --array {name}=ARRAY on the "
        f"command line. `{{value: 16000}}`, or --constant {name}=16000, feeds a number."
    )
