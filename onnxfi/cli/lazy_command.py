"""Imports a command when it is used, so that the rest of the program starts without it."""

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

from onnxfi.cli.options.groups import expand_groups
from onnxfi.suggestions import did_you_mean


class LazyCommand(TyperCommand):
    """A command of which only the name and the help text are known until it is used."""

    def __init__(self, name: str, place: str, help: str, options: Sequence[TyperOption]) -> None:
        """Describe the command.

        Args:
            name: the name that users type.
            place: the module and the function, below `onnxfi.cli`.
            help: the line of the list of commands.
            options: options that follow those of the function.
        """
        super().__init__(name, short_help=help, rich_markup_mode=None)
        self._place = place
        self._options = options

    def load(self) -> TyperCommand:
        """Import the command and return it."""
        module, function = self._place.split(":")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(self.name)(
            expand_groups(getattr(import_module(f"onnxfi.cli.{module}"), function))
        )
        command = typer.main.get_command(app)
        assert isinstance(command, TyperCommand)
        command.params += self._options
        return command

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the arguments of the command, which is imported now."""
        try:
            return self.load().make_context(*arguments, **options)
        except typer.BadParameter as error:
            error.message = _with_suggestion(error.message)
            raise


def _with_suggestion(message: str) -> str:
    """Return a message of typer in the words of this program, with the name that was meant."""
    message = message.removeprefix("Value error, ")  # pydantic's
    found = re.fullmatch(r"'(.*)' is not one of (.+?)\.", message)
    if found is None:
        return message
    names = re.findall(r"'(.*?)'", found[2])
    return f"must be one of {', '.join(names)}, got {found[1]!r}{did_you_mean(found[1], names)}."
