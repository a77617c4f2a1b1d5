"""Finds the array of each graph input."""

from collections import Counter
from collections.abc import Mapping

from onnxfi.campaign.inputs.array_file import ArrayFile, Header
from onnxfi.campaign.inputs.labels import is_named_like_labels
from onnxfi.configuration import Inputs, InputTensor
from onnxfi.errors import InputError
from onnxfi.graph import Model, format_shape
from onnxfi.injector import shape_fits
from onnxfi.onnx_ir import ir


def match_arrays(
    model: Model, source: Inputs, file: ArrayFile, *, whole: bool
) -> dict[str, InputTensor]:
    """Return the source of each graph input: the name of its array, or a value.

    See `match_what_fits`.

    Raises:
        InputError: a graph input has no array, or there is no such graph input.
    """
    matched, missing = match_what_fits(model, source, file, whole=whole)
    for name, key in missing.items():
        raise InputError(_missing(model.values[name], key, file, whole=whole))
    return matched


def match_what_fits(
    model: Model, source: Inputs, file: ArrayFile, *, whole: bool
) -> tuple[dict[str, InputTensor], dict[str, str]]:
    """Return the source of each graph input, and the names of the arrays that are missing.

    By default, an array has the name of its graph input. An input without such an array takes the
    only array of its shape and dtype that no other input can take; if it is the only one without,
    also the only array that is left. An input with a default may be left out.

    Args:
        model: the model with the graph inputs.
        source: the user's choice.
        file: the arrays.
        whole: whether an array is one input, without an axis of samples.

    Returns:
        The sources by graph input; and for each graph input without one the name of the array that
        it needs.

    Raises:
        InputError: there is no such graph input.
    """
    wanted = {value.name or "": value for value in model.graph.inputs}
    said = source.tensors or {}
    for name in said:
        if name not in wanted:
            raise InputError(
                f"{name!r} is not an input of the model; its inputs are "
                f"{', '.join(map(repr, wanted))}."
            )
    tensors = {name: said.get(name, InputTensor()) for name in wanted}
    keys = {name: tensor.array or name for name, tensor in tensors.items()}
    fed = {name for name, x in tensors.items() if x.value is not None or keys[name] in file.headers}
    # Searched without a word from the user; an input with a default is not.
    unnamed = {
        name: value
        for name, value in wanted.items()
        if name not in fed
        and tensors[name].array is None
        and (name in said or value.const_value is None)
    }
    labels = None if source.labels is None else source.labels.array
    taken = {keys[name] for name in fed} | {labels}
    free = {name: header for name, header in file.headers.items() if name not in taken}
    keys |= _assign(unnamed, free, whole=whole)
    matched: dict[str, InputTensor] = {}
    missing: dict[str, str] = {}
    for name, value in wanted.items():
        tensor, key = tensors[name], keys[name]
        if tensor.value is None and key not in file.headers:
            if name in said or value.const_value is None:
                missing[name] = key
            continue
        matched[name] = (
            tensor if tensor.value is not None else tensor.model_copy(update={"array": key})
        )
    return matched, missing


def _assign(
    values: Mapping[str, ir.Value], arrays: Mapping[str, Header], *, whole: bool
) -> dict[str, str]:
    """Return the array of each graph input that has only one choice."""
    if len(values) == 1:
        ((name, value),) = values.items()
        key = _only_one(arrays, value, whole=whole)
        return {} if key is None else {name: key}
    fitting = {
        name: [key for key, header in arrays.items() if fits(header, value, whole=whole)]
        for name, value in values.items()
    }
    claims = Counter(key for keys in fitting.values() for key in keys)
    return {
        name: keys[0] for name, keys in fitting.items() if len(keys) == 1 and claims[keys[0]] == 1
    }


def _only_one(arrays: Mapping[str, Header], value: ir.Value, *, whole: bool) -> str | None:
    """Return the only array that fits a graph input; or the only one that is not the labels.

    The second is returned although it does not fit: the caller reports how they differ.
    """
    fitting = [x for x, header in arrays.items() if fits(header, value, whole=whole)]
    listed = fitting or list(arrays)
    if len(listed) > 1:
        listed = [x for x in listed if not is_named_like_labels(x)]
    return listed[0] if len(listed) == 1 else None


def fits(array: Header, value: ir.Value, *, whole: bool) -> bool:
    """Return whether an array can feed a graph input.

    Args:
        array: the header of the array.
        value: the graph input.
        whole: whether the array is one input, without an axis of samples.
    """
    if value.dtype is None or array.dtype != value.dtype.numpy():
        return False
    if value.shape is None:
        return True
    shape = tuple(value.shape)
    if whole:
        return shape_fits(array.shape, shape)
    # The first axis counts the samples; the model may have none.
    return shape_fits(array.shape[1:], shape[1:]) or shape_fits(array.shape[1:], shape)


def _missing(value: ir.Value, key: str, file: ArrayFile, *, whole: bool) -> str:
    held = [
        f"{name!r} ({header.dtype} {format_shape(header.shape)})"
        for name, header in file.headers.items()
    ]
    fitting = sum(fits(x, value, whole=whole) for x in file.headers.values())
    name = value.name or ""
    shape = None if value.shape is None else tuple(value.shape)
    dtype = "" if value.dtype is None else f"of {value.dtype.numpy()} "
    return (
        f"The graph input {name!r} needs an array {dtype}of shape {format_shape(shape)}, and "
        f"{file.path} has no {key!r}. It holds {', '.join(held) or 'none'}; "
        f"{'several' if fitting > 1 else fitting or 'none'} of them fit. "
        "Name the array after the graph input, or give its name: "
        f"`{name}: ARRAY` under inputs.tensors, --array {name}=ARRAY on the "
        f"command line. `{{value: 16000}}`, or --constant {name}=16000, feeds a number."
    )
