"""Groups of options as dataclasses."""

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.testing import CliRunner

from onnxfi.cli.options.groups import expand_groups


@dataclass(frozen=True, kw_only=True)
class Colours:
    """A group of two options."""

    front: Annotated[str, typer.Option(help="In front.")] = "red"
    back: Annotated[list[str] | None, typer.Option("--behind")] = None


def paint(wall: str, *, colours: Colours, count: int = 1) -> None:
    """Paint a wall."""
    typer.echo(f"{wall} {count} {colours}")


def test_a_group_becomes_its_options() -> None:
    parameters = inspect.signature(expand_groups(paint)).parameters
    assert list(parameters) == ["wall", "front", "back", "count"]
    assert parameters["front"].default == "red"


def test_the_command_gets_the_group() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(expand_groups(paint))

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, arguments)

    assert run("w").output == f"w 1 {Colours()}\n"
    given = run("w", "--front", "blue", "--behind", "a", "--behind", "b", "--count", "2")
    assert given.output == f"w 2 {Colours(front='blue', back=['a', 'b'])}\n"
    assert run("w", "--colours", "x").exit_code == 2
