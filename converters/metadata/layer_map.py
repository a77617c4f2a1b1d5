"""Reads and writes the layer map: the tensor that holds the output of each layer.

It is stored in the ONNX model, in ``metadata_props`` under the key `METADATA_KEY`, as JSON:
``{"version": 1, "layers": [{"layer": …, "class": …, "tensor": …, "operator_tensor": …,
"channel_axis": …, "layout": …}, …], "absent": [{"layer": …, "class": …, "reason": …}, …]}``, in the
order in which the layers run. A layer is absent if no tensor is its output alone.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from onnxfi.errors import ModelFormatError

METADATA_KEY = "onnxfi.layers"
VERSION = 1


_Entry = TypeVar("_Entry", "Layer", "AbsentLayer")


@dataclass(frozen=True, slots=True)
class Layer:
    """One call of one layer of the source framework.

    Attributes:
        path: name of the layer in its model, nested models and wrappers joined by ``/``, such as
            ``both/forward_lstm`` in a Bidirectional and ``attention/query`` in an attention; the
            second call of a shared layer ends in ``@1``, the third in ``@2``, and the second
            output of a layer in ``:1``.
        layer_class: class name in the source framework, such as ``Conv2D``.
        tensor: the ONNX tensor that holds the layer's output, after its activation.
        operator_tensor: the tensor before the activation, where the layer has a built-in
            activation, otherwise None.
        channel_axis: axis of the channels in `tensor`, or None where there is none.
        layout: ``source`` where the axes of `tensor` are in the order of the source framework,
            ``channels_first`` where its last axis is moved behind the batch.
    """

    path: str
    layer_class: str
    tensor: str
    operator_tensor: str | None = None
    channel_axis: int | None = None
    layout: str = "source"


@dataclass(frozen=True, slots=True)
class AbsentLayer:
    """A layer of the source framework without a tensor of its own.

    Attributes:
        path: as in `Layer`.
        layer_class: class name in the source framework.
        reason: the reason, as a sentence without a full stop.
    """

    path: str
    layer_class: str
    reason: str


# JSON key of each field of Layer.
_KEYS = {
    "path": "layer",
    "layer_class": "class",
    "tensor": "tensor",
    "operator_tensor": "operator_tensor",
    "channel_axis": "channel_axis",
    "layout": "layout",
    "reason": "reason",
}
_OPTIONAL = ("layout",)


def dump_layers(layers: Iterable[Layer], absent: Iterable[AbsentLayer] = ()) -> str:
    """Return the JSON text that `parse_layers` and `parse_absent_layers` read."""
    entries, without = (
        [{_KEYS[field]: value for field, value in asdict(x).items()} for x in kind]
        for kind in (layers, absent)
    )
    return json.dumps({"version": VERSION, "layers": entries, "absent": without})


def parse_layers(text: str) -> tuple[Layer, ...]:
    """Return the layers of a layer map's JSON text.

    Raises:
        ModelFormatError: the text is not a layer map of a version that this onnxfi reads.
    """
    return _parse(text, "layers", Layer)


def parse_absent_layers(text: str) -> tuple[AbsentLayer, ...]:
    """Return the layers of a layer map's JSON text that have no tensor of their own.

    Raises:
        ModelFormatError: the text is not a layer map of a version that this onnxfi reads.
    """
    return _parse(text, "absent", AbsentLayer)


def _parse(text: str, key: str, kind: type[_Entry]) -> tuple[_Entry, ...]:
    try:
        document = json.loads(text)
        version = document["version"]
        if version == VERSION:
            entries = document[key] if key == "layers" else document.get(key, [])
            return tuple(kind(**_fields(entry, kind)) for entry in entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFormatError(
            f"The metadata {METADATA_KEY!r} must be a layer map written by onnxfi, but reading it "
            f"failed with {error!r}. Convert the model again."
        ) from error
    raise ModelFormatError(
        f"The layer map in {METADATA_KEY!r} must be of version {VERSION}, got {version!r}. "
        "Convert the model again, or update onnxfi."
    )


def _fields(entry: dict[str, Any], kind: type[_Entry]) -> dict[str, Any]:
    keys = {field.name: _KEYS[field.name] for field in fields(kind)}
    return {name: entry[key] for name, key in keys.items() if key in entry or key not in _OPTIONAL}
