"""Checks that the texts of a model are UTF-8, as ONNX requires."""

from collections.abc import Iterator

import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from onnxfi.errors import ModelFormatError

# Texts for people: no other part of a model refers to them.
_DESCRIPTIONS = frozenset({"doc_string", "producer_name", "producer_version"})
# Texts in fields of bytes.
_BYTES = frozenset({"onnx.AttributeProto.s", "onnx.AttributeProto.strings"})


def with_readable_texts(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose descriptions are UTF-8; a model that is UTF-8 is returned itself.

    The protobuf library accepts any bytes in a text and returns bytes for such a text. A
    description gets the replacement character in their place.

    Args:
        model: the model; it is not changed.

    Raises:
        ModelFormatError: a name or another text with a meaning is not UTF-8.
    """
    broken = list(_broken_texts(model))
    for message, field in broken:
        if field.name not in _DESCRIPTIONS and not _is_metadata_value(message, field):
            text = next(x for x in _texts(message, field) if not _is_utf8(x))
            raise ModelFormatError(
                f"All texts of a model must be UTF-8, and the {field.name} "
                f"{text!r} of a {message.DESCRIPTOR.name} is not. Export the model again "
                "with names in UTF-8."
            )
    if not broken:
        return model
    readable = onnx.ModelProto()
    readable.CopyFrom(model)
    for message, field in list(_broken_texts(readable)):
        text = bytes(getattr(message, field.name)).decode("utf-8", errors="replace")
        message.ClearField(field.name)  # setting it would read the broken text
        setattr(message, field.name, text)
    return readable


def _is_metadata_value(message: Message, field: FieldDescriptor) -> bool:
    return message.DESCRIPTOR.name == "StringStringEntryProto" and field.name == "value"


def _broken_texts(message: Message) -> Iterator[tuple[Message, FieldDescriptor]]:
    """Yield the fields with a text that is not UTF-8, each with its message."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in [value] if isinstance(value, Message) else value:
                yield from _broken_texts(inner)
        elif _is_text(field) and not all(map(_is_utf8, _texts(message, field))):
            yield message, field


def _is_text(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_STRING or field.full_name in _BYTES


def _texts(message: Message, field: FieldDescriptor) -> list[str | bytes]:
    value = getattr(message, field.name)
    return [value] if isinstance(value, str | bytes) else list(value)


def _is_utf8(text: str | bytes) -> bool:
    if isinstance(text, str):
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
