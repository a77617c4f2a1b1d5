"""The program ``onnxfi``."""

import contextlib
import os
import sys
import threading
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

import onnxfi
from onnxfi.cli.commands import COMMANDS, Command, Group
from onnxfi.cli.interrupts import INTERRUPTED, interruptible
from onnxfi.cli.lazy_command import LazyCommand
from onnxfi.cli.verbosity import QuietOption, VerboseOption, show_log
from onnxfi.errors import OnnxfiError

# Exit status of invalid input.
INVALID_INPUT = 2
# Beginning of the names of threads that may be abandoned in code of the user: THREAD_NAME in
# onnxfi/campaign/running/local/shard_threads.py, which takes long to import.
ABANDONED = "onnxfi-shards"


class _Group(TyperGroup):
    """A group that opens without pydantic, with which typer converts the default None."""

    def get_params(self, ctx: Any) -> Any:
        """Return the options, whose flags are off by default."""
        params = super().get_params(ctx)
        for each in params:
            if isinstance(each, TyperOption) and each.is_bool_flag and each.default is None:
                each.default = False
        return params


def make_program() -> TyperGroup:
    """Make the program; its commands are `LazyCommand` and are imported when they are used."""
    app = typer.Typer(
        cls=_Group,
        no_args_is_help=True,
        rich_markup_mode=None,  # plain help and errors: brackets are text
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    options = {x.name: x for x in program.params if isinstance(x, TyperOption)}
    verbosity = [options["quiet"], options["verbose"]]
    for each in COMMANDS:
        program.add_command(_make(each, verbosity))
    return program


def _make(described: Command | Group, options: list[TyperOption]) -> TyperCommand | TyperGroup:
    if isinstance(described, Command):
        return LazyCommand(*described, options)
    return _Group(
        name=described.name,
        help=described.help,
        short_help=described.help.splitlines()[0],  # unlike the help text, it is never cut
        commands=[_make(x, options) for x in described.commands],
        no_args_is_help=True,
        rich_markup_mode=None,
    )


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"onnxfi {onnxfi.__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Inject faults into neural networks given as ONNX graphs, and measure what they do.

    Example: onnxfi demo
    """


def main() -> None:
    """Run the command line.

    Exit status: 0 done; 1 a check found a difference; 2 invalid input, with one message; 130
    interrupted.
    """
    status: object = 0
    try:
        with interruptible(), show_log():
            make_program()(prog_name="onnxfi")
    except SystemExit as end:
        status = end.code
        if _is_unreported(end):
            from onnxfi.cli.output import messages

            messages.print("Interrupted.")
    except KeyboardInterrupt:  # while another one was being handled
        status = INTERRUPTED
    except OnnxfiError as error:
        status = INVALID_INPUT
        _report(error)
    except MemoryError as error:
        status = INVALID_INPUT
        _report(
            f"Not enough memory{f': {error}' if str(error) else ''}. End other programs, or use "
            "fewer workers. An interrupted campaign continues with `onnxfi campaign resume DIR`."
        )
    except (OSError, ImportError) as error:  # stdout cannot be written, for example
        status = INVALID_INPUT
        _report(f"The system refused a file, a process or a library: {error}.")
    _leave(status)


def _is_unreported(end: SystemExit) -> bool:
    """Return whether a command ended by an interrupt that it did not handle itself."""
    cause = None if end.__context__ is None else end.__context__.__cause__
    return end.code == INTERRUPTED and isinstance(cause, KeyboardInterrupt)


def _report(error: Exception | str) -> None:
    from onnxfi.cli.output import print_error

    print_error(error)


def _leave(status: object) -> NoReturn:
    """End the process, also if an abandoned thread still runs code of the user."""
    if any(x.name.startswith(ABANDONED) for x in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status if isinstance(status, int) else INVALID_INPUT)
    raise SystemExit(status)
