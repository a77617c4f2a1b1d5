"""Chooses which messages stderr shows: ``--quiet`` and ``--verbose``."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

_logger = logging.getLogger("onnxfi")


class _ToStderr(logging.Handler):
    """Prints log messages through the console of the live view, which they must not overwrite."""

    def emit(self, record: logging.LogRecord) -> None:
        from onnxfi.cli.output import errors, messages

        (errors if messages.quiet else messages).print(self.format(record))


def _be_quiet(context: typer.Context, value: bool) -> None:
    if value:
        from onnxfi.cli.output import messages

        messages.quiet = True
        context.call_on_close(_be_heard)


def _be_heard() -> None:
    from onnxfi.cli.output import messages

    messages.quiet = False


def _be_verbose(value: bool) -> None:
    if value:
        for handler in _logger.handlers:
            if isinstance(handler, _ToStderr):
                handler.setLevel(logging.INFO)


QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        callback=_be_quiet,
        expose_value=False,
        help="Print results, warnings and errors only.",
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        callback=_be_verbose,
        expose_value=False,
        help="Also print details, such as the provider.",
    ),
]


@contextmanager
def show_log() -> Iterator[None]:
    """Show the log of the library on stderr: warnings, and more with ``--verbose``."""
    level = _logger.level
    handler = _ToStderr(logging.WARNING)
    _logger.setLevel(logging.INFO)
    _logger.addHandler(handler)
    try:
        yield
    finally:
        _logger.removeHandler(handler)
        _logger.setLevel(level)
