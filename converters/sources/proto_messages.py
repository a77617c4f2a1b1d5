"""Declares protobuf messages with the few fields that are read of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

#: Each message and its fields: name, number and type. A type is that of a number or text, or the
#: name of a message; ``*`` before it marks a repeated field. A map is a message with two fields.
Messages = Mapping[str, Sequence[tuple[str, int, str]]]


def message_class(messages: Messages, *, package: str, syntax: str) -> Any:
    """Return the class of the first message.

    Args:
        messages: the message that is read, and those that it holds.
        package: a name for these declarations.
        syntax: ``proto3``, or ``proto2``, in which a field knows whether it was set.
    """
    file = descriptor_pb2.FileDescriptorProto(name=package, package=package, syntax=syntax)
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            field = message.field.add(name=field_name, number=number)
            kind, repeated = kind.lstrip("*"), kind.startswith("*")
            field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if repeated and kind in ("int64", "float"):
                field.options.packed = True
            if kind[0].islower():
                field.type = getattr(field, f"TYPE_{kind.upper()}")
            else:
                field.type, field.type_name = field.TYPE_MESSAGE, f".{package}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    first = next(iter(messages))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{first}"))
