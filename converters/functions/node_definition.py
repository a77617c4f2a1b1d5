"""Reads the operator of a TensorFlowOpLayer, which TensorFlow 2.0 to 2.3 wrote.

Such a layer holds a NodeDef of TensorFlow: the operator, its attributes, and its constant inputs.
TensorFlow 2.2 and 2.3 store it as JSON, 2.0 and 2.1 as the bytes of the message.
"""

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf.message import DecodeError

from onnxfi.converters.functions.operators import DTYPES
from onnxfi.converters.sources.proto_messages import Messages, message_class
from onnxfi.converters.translation.layer_call import Options

# The fields of tensorflow/core/framework/node_def.proto and attr_value.proto that matter.
_MESSAGES: Messages = {
    "Node": [("name", 1, "string"), ("op", 2, "string"), ("attr", 5, "*Attribute")],
    "Attribute": [("key", 1, "string"), ("value", 2, "Value")],
    "Value": [
        *(("s", 2, "bytes"), ("i", 3, "int64"), ("f", 4, "float"), ("b", 5, "bool")),
        *(("type", 6, "int32"), ("list", 1, "Values")),
    ],
    "Values": [("i", 3, "*int64"), ("f", 4, "*float")],
}


def node_of(options: Options) -> tuple[str, dict[str, Any]]:
    """Return the operator that a layer holds, and its attributes as plain values.

    Raises:
        ModelFormatError: the layer holds no NodeDef.
    """
    stored = options.get("node_def")
    if isinstance(stored, str):
        return _of_bytes(options, stored)
    attributes = stored.get("attr", {}) if isinstance(stored, dict) else None
    if not isinstance(attributes, dict) or not isinstance(stored, dict):
        raise options.wrong("node_def", stored, "an operator of TensorFlow")
    return str(stored.get("op")), {key: _value(x) for key, x in attributes.items()}


def _value(stored: Any) -> Any:
    """Return the value of an attribute in JSON, where whole numbers are strings."""
    if not isinstance(stored, Mapping) or not stored:
        return None
    kind, value = next(iter(stored.items()))
    if kind == "i":
        return _whole(value)
    if kind == "s":
        return _text(value)
    if kind == "type":
        return DTYPES.get(value, value)
    if kind == "list" and isinstance(value, Mapping):
        return [_whole(x) for x in value.get("i", [])] or value.get("f", [])
    return value


def _whole(value: Any) -> Any:
    text = str(value)
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else value


def _text(value: Any) -> Any:
    try:
        return base64.b64decode(str(value), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return value


def _of_bytes(options: Options, stored: str) -> tuple[str, dict[str, Any]]:
    node = _message_class()()
    try:
        node.ParseFromString(stored.encode("utf-8"))
    except DecodeError as error:
        raise options.wrong("node_def", stored, "an operator of TensorFlow") from error
    attributes: dict[str, Any] = {}
    for attribute in node.attr:
        value = attribute.value
        if value.HasField("list"):
            attributes[attribute.key] = list(value.list.i) or list(value.list.f)
            continue
        kind = next((x for x in ("s", "i", "f", "b", "type") if value.HasField(x)), None)
        content: Any = None if kind is None else getattr(value, kind)
        if kind == "s":
            content = content.decode("ascii", "replace")
        if kind == "type":
            content = DTYPES.get(content, content)
        attributes[attribute.key] = content
    return node.op, attributes


@cache
def _message_class() -> Any:
    # In proto2 a field knows whether it was set.
    return message_class(_MESSAGES, package="onnxfi_node", syntax="proto2")
