"""Writes the reference of the command line from the commands' own help.

The documentation site needs it: ``make docs`` and ``make site`` write it to docs/reference/cli.md,
which git ignores.

Example: python -m tools.write_cli_reference
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxfi.cli.lazy_command import LazyCommand
from onnxfi.cli.main import make_program

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"


def page() -> str:
    """Return the page, in Markdown."""
    os.environ["COLUMNS"] = "100"  # the width of the help texts
    parts = ["# Command line\n\nThe help of each command, as `--help` prints it.\n"]
    for path, text in _helps(make_program(), ("onnxfi",), None):
        level = "##" if len(path) < 3 else "###"
        parts.append(f"{level} {' '.join(path)}\n\n```text no-run: help\n{text.strip()}\n```\n")
    return "\n".join(parts)


def _helps(
    command: Any, path: tuple[str, ...], parent: Any
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the words and the help of a command and of the commands below it."""
    if isinstance(command, LazyCommand):
        command = command.load()
    context = command.context_class(command, info_name=path[-1], parent=parent)
    yield path, command.get_help(context)
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            yield from _helps(command.get_command(context, name), (*path, name), context)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
