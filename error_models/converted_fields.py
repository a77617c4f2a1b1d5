"""Converts the fields of frozen dataclasses when they are made."""

from typing import Any


def convert_fields(instance: object, **values: Any) -> None:
    """Set fields of a frozen dataclass to what its constructor's arguments were converted to.

    Only for ``__post_init__``, and for copies that nothing else refers to yet. Dataclasses have no
    converters of their own (PEP 712, which proposed them, was rejected).

    Args:
        instance: the dataclass.
        values: the values by the names of the fields.
    """
    for name, value in values.items():
        object.__setattr__(instance, name, value)
