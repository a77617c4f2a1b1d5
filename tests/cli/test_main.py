"""Every command explains itself."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from onnxfi.cli.main import make_app


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


PATHS = list(commands(typer.main.get_command(make_app())))


def test_all_commands_are_found() -> None:
    assert {
        ("demo",),
        ("convert",),
        ("describe",),
        ("inspect",),
        ("split",),
        ("inject",),
        ("embed",),
        ("report",),
        ("campaign", "run"),
        ("campaign", "resume"),
        ("campaign", "status"),
        ("campaign", "summary"),
        ("error-models", "list"),
        ("error-models", "show"),
    } <= set(PATHS)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_has_an_example_to_copy(
    onnxfi: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = onnxfi(*path, "--help")
    assert result.status == 0
    assert result.stderr == ""
    (line,) = [x.strip() for x in result.stdout.splitlines() if x.strip().startswith("Example:")]
    words = line.split()
    assert words[1] == "onnxfi"
    assert tuple(words[2 : 2 + len(path)]) == path
    # Whole on its line: what follows is an empty line.
    following = result.stdout.split(line, 1)[1].splitlines()
    assert following[0] == following[1] == ""


@pytest.mark.parametrize("path", [(), ("campaign",), ("error-models",)])
def test_a_group_without_a_command_shows_its_help(
    onnxfi: Callable[..., Any], path: tuple[str, ...]
) -> None:
    result = onnxfi(*path)
    assert result.status == 2
    assert "Usage:" in result.stdout + result.stderr


def test_version(onnxfi: Callable[..., Any]) -> None:
    result = onnxfi("--version")
    assert result.status == 0
    assert result.stdout.startswith("onnxfi ")
