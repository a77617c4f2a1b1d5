"""The program ``onnxfi``."""

import logging
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

import onnxfi
from onnxfi.cli.options.groups import expand_groups
from onnxfi.cli.output import messages
from onnxfi.errors import OnnxfiError

# Exit status of invalid input.
INVALID_INPUT = 2

# The module and the function of each command, below onnxfi.cli.
_COMMANDS = {
    "demo": "demo:demo",
    "convert": "models.convert:convert",
    "describe": "models.describe:describe",
    "inspect": "models.inspect:inspect",
    "split": "models.split:split",
    "inject": "models.inject:inject",
    "embed": "models.embed:embed",
    "profile": "models.profile:profile",
    "report": "campaign.report:report",
}
# The help text and the commands of each group.
_GROUPS = {
    "campaign": (
        "Plan, run and evaluate campaigns.\n\nExample: onnxfi campaign run campaign.yaml",
        {
            "plan": "campaign.plan:plan_campaign",
            "run": "campaign.run:run",
            "resume": "campaign.resume:resume",
            "status": "campaign.status:status",
            "summary": "campaign.summary:summary",
            "compare": "campaign.compare:compare_campaigns",
            "replay": "campaign.replay:replay_injection",
            "export": "campaign.export:export",
        },
    ),
    "error-models": (
        "List, show, merge, derive and plot error models.\n\nExample: onnxfi error-models list",
        {
            "list": "error_models.list:list_models",
            "show": "error_models.show:show",
            "merge": "error_models.merge:merge",
            "derive": "error_models.derive:derive",
            "plot": "error_models.plot:plot",
        },
    ),
}


def make_app(words: Sequence[str] = ()) -> typer.Typer:
    """Make the command-line application.

    Args:
        words: the words of the command line. If they name a command, the application has no other
            commands, because importing all of them takes longer than running most of them.
    """
    app = _make_group()
    app.callback()(_options)
    name, *rest = [x for x in words if not x.startswith("-")] or [""]
    if name not in _GROUPS:
        _add_commands(app, _COMMANDS, name)
    for group, (text, commands) in _GROUPS.items():
        if group == name or name not in (*_COMMANDS, *_GROUPS):
            added = _make_group(help=text)
            _add_commands(added, commands, rest[0] if rest else "")
            app.add_typer(added, name=group)
    return app


def _make_group(**options: Any) -> typer.Typer:
    return typer.Typer(
        **options,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help and errors: brackets are text
    )


def _add_commands(app: typer.Typer, commands: Mapping[str, str], name: str) -> None:
    """Add the named command, or all commands if there is none of that name."""
    for each, place in commands.items():
        if each == name or name not in commands:
            module, function = place.split(":")
            command = getattr(import_module(f"onnxfi.cli.{module}"), function)
            app.command(each)(expand_groups(command))


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"onnxfi {onnxfi.__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Inject faults into neural networks given as ONNX graphs, and measure what they do.

    Example: onnxfi demo
    """


def main() -> None:
    """Run the command line.

    Exit status: 0 done; 1 a check found a difference; 2 invalid input, with one message; 130
    interrupted.
    """
    logging.basicConfig(format="%(message)s")
    logging.getLogger("onnxfi").setLevel(logging.INFO)  # shows a fallback to the CPU
    try:
        make_app(sys.argv[1:])()
    except OnnxfiError as error:
        messages.print(f"Error: {error}", style="red")
        sys.exit(INVALID_INPUT)
