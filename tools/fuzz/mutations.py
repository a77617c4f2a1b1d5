"""Damages bytes, JSON documents and protobuf messages at random."""

import random
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

# Values that parsers of numbers, texts and sizes stumble over.
_NUMBERS = (0, -1, 1, 2, 127, 128, 255, 2**16, 2**31 - 1, -(2**31), 2**32, 2**63 - 1, -(2**63))
_TEXTS = (
    "",
    "\0",
    "x" * 100_000,
    "../../etc/passwd",
    "é漢\u202e",
    "nan",
    "1e999",
    "{}",
    "%s",
    "a\nb",
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**30, 1.5, float("inf"), float("nan"), "", "x" * 10_000),
    *([], {}, [[]], [None], {"": None}, {"class_name": "Dense"}, [1, "a"], "a\0b"),
)

#: Stands for lists in lists, 10 000 deep, which Python writers refuse; `nested` puts them in.
NESTED = "@nested@"


def nested(text: str) -> str:
    """Return a JSON text with deep lists in place of the text that stands for them."""
    return text.replace(f'"{NESTED}"', "[" * 10_000 + "]" * 10_000)


def damage_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return bytes with one to eight places overwritten, cut out, repeated or inserted."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        at = rng.randrange(len(found) + 1)
        length = rng.choice((1, 1, 2, 4, 8, 64, 1024))
        match rng.randrange(6):
            case 0:
                found[at : at + length] = rng.randbytes(length)
            case 1:
                del found[at : at + length]
            case 2:
                found[at:at] = found[at : at + length]
            case 3:
                found[at:at] = rng.randbytes(length)
            case 4:
                del found[at:]
            case _:
                if found:
                    found[at % len(found)] ^= 1 << rng.randrange(8)
    return bytes(found)


def damage_document(document: Any, rng: random.Random) -> Any:
    """Return a JSON document with one to three values replaced, removed, nested or repeated."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        document = _damage_one(document, rng)
    return document


def _damage_one(document: Any, rng: random.Random) -> Any:
    keys: list[Any] = []
    if isinstance(document, dict):
        keys = list(document)
    elif isinstance(document, list):
        keys = list(range(len(document)))
    if keys and rng.random() < 0.85:  # go deeper
        key = rng.choice(keys)
        copied = document.copy()
        if rng.random() < 0.1:
            copied.pop(key)
        elif isinstance(copied, dict) and rng.random() < 0.05:
            copied[rng.choice(_TEXTS)] = copied.pop(key)
        else:
            copied[key] = _damage_one(copied[key], rng)
        return copied
    match rng.randrange(6):
        case 0:
            return [document]
        case 1:
            return {"name": document}
        case 2:
            return NESTED
        case 3:
            return [document] * rng.choice((0, 2, 50))
        case _:
            return rng.choice(_VALUES)


def damage_message(message: Message, rng: random.Random) -> None:
    """Damage one to four fields somewhere in a protobuf message."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        _damage_field(_somewhere(message, rng), rng)


def _somewhere(message: Message, rng: random.Random) -> Message:
    inner = [
        value for field, value in message.ListFields() if field.type == FieldDescriptor.TYPE_MESSAGE
    ]
    if not inner or rng.random() < 0.15:
        return message
    chosen = rng.choice(inner)
    return _somewhere(chosen if isinstance(chosen, Message) else rng.choice(chosen), rng)


def _damage_field(message: Message, rng: random.Random) -> None:
    fields: list[Any] = [x for x, _ in message.ListFields()]
    if not fields or rng.random() < 0.2:
        fields = list(message.DESCRIPTOR.fields)
    field: FieldDescriptor = rng.choice(fields)
    value = getattr(message, field.name)
    if isinstance(value, Message):
        match rng.randrange(3):
            case 0:
                message.ClearField(field.name)
            case 1:
                value.Clear()
            case _:
                value.SetInParent()
    elif hasattr(value, "MergeFrom"):  # repeated
        _damage_list(value, field, rng)
    else:
        setattr(message, field.name, _made(field, rng))


def _damage_list(values: Any, field: FieldDescriptor, rng: random.Random) -> None:
    at = rng.randrange(len(values)) if len(values) else None
    match rng.randrange(4):
        case 0 if at is not None:
            del values[at]
        case 1 if at is not None:
            values.extend([values[at]] * rng.choice((1, 20)))
        case 2:
            del values[:]
        case _ if field.type == FieldDescriptor.TYPE_MESSAGE:
            values.add()
        case _:
            values.append(_made(field, rng))


def _made(field: FieldDescriptor, rng: random.Random) -> Any:
    members = [] if field.enum_type is None else field.enum_type.values
    kinds: dict[int, Callable[[], Any]] = {
        FieldDescriptor.TYPE_STRING: lambda: rng.choice(_TEXTS),
        FieldDescriptor.TYPE_BYTES: lambda: rng.randbytes(rng.choice((0, 1, 7, 64))),
        FieldDescriptor.TYPE_FLOAT: lambda: rng.choice((0.0, -1.0, float("nan"), 1e38)),
        FieldDescriptor.TYPE_DOUBLE: lambda: rng.choice((0.0, -1.0, float("inf"), 1e300)),
        FieldDescriptor.TYPE_ENUM: lambda: rng.choice(members).number,
    }
    if field.type in kinds:
        return kinds[field.type]()
    low, high = _LIMITS.get(field.type, (-(2**31), 2**31 - 1))
    return rng.choice([x for x in _NUMBERS if low <= x <= high])


_LIMITS = {
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
}
