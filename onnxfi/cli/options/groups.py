"""Expands groups of options, so that several commands share one declaration."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any


def expand_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose groups of options are replaced by their options.

    A group is a keyword-only parameter annotated with a dataclass. Each field of the dataclass is
    an option, declared as typer declares the parameter of a command. The expanded command takes
    the fields and passes the command an instance of the dataclass.
    """
    signature = inspect.signature(command)
    groups: dict[str, Callable[..., Any]] = {
        x.name: x.annotation
        for x in signature.parameters.values()
        if isinstance(x.annotation, type) and is_dataclass(x.annotation)
    }
    options = {name: inspect.signature(group).parameters for name, group in groups.items()}

    @functools.wraps(command)
    def expanded(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{x: values.pop(x) for x in options[name]})
        command(**values)

    parameters: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        parameters += options[name].values() if name in options else [parameter]
    expanded.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return expanded
