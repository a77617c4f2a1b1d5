"""Reads the arguments of a layer call, in either dialect of the configuration.

Keras 2 writes an inbound node as ``[["conv", 0, 0, {"mask": …}]]``, with tensors in the keyword
arguments as ``["mask", 0, 0]``; Keras 3 as ``{"args": […], "kwargs": {…}}``, with ``keras_history``
inside.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from onnxfi.errors import ModelFormatError


@dataclass(frozen=True, slots=True)
class TensorReference:
    """Output number `index` of call number `call` of a layer."""

    layer: str
    call: int
    index: int

    def __repr__(self) -> str:
        """Return words for messages, which may show a reference among other values."""
        return f"output {self.index} of call {self.call} of layer {self.layer!r}"


def node_arguments(node: Any, path: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the positional and the keyword arguments of one inbound node of either dialect.

    Tensors are references. Null and false keyword arguments are dropped: they have no effect.

    Args:
        node: the inbound node.
        path: path of the layer, for messages.

    Raises:
        ModelFormatError: the node is damaged.
    """
    read: Callable[[Any, str], Any]
    if isinstance(node, dict):
        read = _keras3_argument
        positional = node.get("args") or []
        if not isinstance(positional, list):
            raise damaged(path, f"has the call arguments {positional!r}")
        arguments = tuple(read(value, path) for value in positional)
        keywords = node.get("kwargs") or {}
    elif isinstance(node, list):
        read = _keras2_argument
        entries = list(_entries(node))
        arguments = tuple(_tensor_or_constant(entry, path) for entry in entries)
        keywords = {}
        for entry in entries:
            if len(entry) > 3 and isinstance(entry[3], dict):
                keywords |= entry[3]
    else:
        raise damaged(path, f"has the inbound node {node!r}")
    if not isinstance(keywords, dict):
        raise damaged(path, f"has the call arguments {keywords!r}")
    return arguments, {key: read(value, path) for key, value in keywords.items() if _asks(value)}


def tensor_reference(entry: Any, path: str) -> TensorReference:
    """Return the tensor that ``[layer, call, index]`` refers to.

    Raises:
        ModelFormatError: the entry is damaged.
    """
    match entry:
        case [str(layer), int(call), int(index), *_]:
            return TensorReference(layer, call, index)
    raise damaged(path, f"refers to the tensor {entry!r}")


def _tensor_or_constant(entry: Any, path: str) -> Any:
    match entry:
        case ["_CONSTANT_VALUE", -1, value, *_]:
            return value
    return tensor_reference(entry, path)


def damaged(path: str, what: str) -> ModelFormatError:
    """Return the error for a configuration that Keras does not write.

    Args:
        path: path of the model or layer, ``""`` for the outermost model.
        what: the fault, as the end of "but … ".
    """
    return ModelFormatError(
        f"The configuration must be one that Keras writes, but {path or 'the model'!r} {what}. "
        "The file is damaged: save the model again."
    )


def _entries(node: list[Any]) -> Iterator[Any]:
    """Yield the tensors of an inbound node of Keras 2, which may be nested."""
    if node and isinstance(node[0], str):
        yield node
        return
    for entry in node:
        if isinstance(entry, list):
            yield from _entries(entry)
        else:
            yield entry


def _asks(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_asks, value))
    return value is not None and value is not False


def _keras2_argument(value: Any, path: str) -> Any:
    match value:
        case [str(), int(), int()]:
            return tensor_reference(value, path)
        case list():
            return [_keras2_argument(item, path) for item in value]
    return value


def _keras3_argument(value: Any, path: str) -> Any:
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        config = value.get("config")
        return tensor_reference(
            config.get("keras_history") if isinstance(config, dict) else None, path
        )
    if isinstance(value, list):
        return [_keras3_argument(item, path) for item in value]
    return value
