"""Every command explains itself, and the program lists and completes them."""

import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from onnxfi.cli.commands import COMMANDS, Command, Group
from onnxfi.cli.lazy_command import LazyCommand
from onnxfi.cli.main import make_program


def commands(listed: Any = COMMANDS, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for each in listed:
        if isinstance(each, Group):
            yield from commands(each.commands, (*path, each.name))
        else:
            yield (*path, each.name)


def described(listed: Any = COMMANDS) -> Iterator[Command]:
    for each in listed:
        if isinstance(each, Group):
            yield from described(each.commands)
        else:
            yield each


PATHS = list(commands())


def test_all_commands_are_found() -> None:
    assert {
        ("demo",),
        ("convert",),
        ("report",),
        ("campaign", "run"),
        ("error-models", "list"),
    } <= set(PATHS)


@pytest.mark.parametrize("command", list(described()), ids=lambda x: x.place)
def test_the_list_shows_the_first_line_of_the_docstring(command: Command) -> None:
    module, function = command.place.split(":")
    document = inspect.getdoc(getattr(importlib.import_module(f"onnxfi.cli.{module}"), function))
    assert document is not None
    assert command.help == document.splitlines()[0]


@pytest.mark.parametrize("each", [*COMMANDS, *described()], ids=lambda x: x.name)
def test_the_list_shows_each_help_text_whole(each: Command | Group) -> None:
    line = each.help.splitlines()[0]
    assert line.endswith(".")
    assert len(line) <= 50


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("path", [(), ("campaign",), ("error-models",)])
def test_a_list_of_commands_cuts_no_help_text(
    onnxfi: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = onnxfi(*path, "-h").stdout
    groups = [x.commands for x in COMMANDS if isinstance(x, Group) and (x.name,) == path]
    listed: Sequence[Command | Group] = groups[0] if groups else COMMANDS
    order = [x.split()[0] for x in shown.split("Commands:")[1].splitlines() if x[2:3].strip()]
    assert order == [x.name for x in listed]
    text = " ".join(shown.split())
    for each in listed:
        assert f"{each.name} {each.help.splitlines()[0]}" in text


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
    assert "-h, --help" in result.stdout


@pytest.mark.parametrize("path", [(), ("campaign",), ("error-models",)])
def test_a_group_without_a_command_shows_its_help(
    onnxfi: Callable[..., Any], path: tuple[str, ...]
) -> None:
    result = onnxfi(*path)
    assert result.status == 2
    assert "Usage:" in result.stdout + result.stderr


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(onnxfi: Callable[..., Any], option: str) -> None:
    result = onnxfi(option)
    assert result.status == 0
    assert result.stdout.startswith("onnxfi ")


def test_a_mistyped_command_is_corrected(onnxfi: Callable[..., Any]) -> None:
    result = onnxfi("campain", "run")
    assert result.status == 2
    assert "Did you mean 'campaign'?" in result.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [("onnxfi er", {"error-models"}), ("onnxfi campaign re", {"resume", "replay"})],
)
def test_a_shell_completes_commands(
    onnxfi: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, words: str, offered: set[str]
) -> None:
    monkeypatch.setenv("_ONNXFI_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    result = onnxfi()
    assert result.status == 0
    assert set(result.stdout.split()) == offered


def test_a_command_is_imported_when_it_is_used() -> None:
    split = make_program().commands["split"]
    assert isinstance(split, LazyCommand)
    assert split.params == []
    assert {"--target", "--quiet"} <= {x for each in split.load().params for x in each.opts}


def test_quiet_hides_notes_and_nothing_else(onnxfi: Callable[..., Any], work: Path) -> None:
    loud = onnxfi("split", "lenet.onnx", "--target", "conv1", "--out", "parts")
    quiet = onnxfi("split", "lenet.onnx", "--target", "conv1", "--out", "parts", "-q")
    assert "boundary" in loud.stderr
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout
    assert "Error: " in onnxfi("-q", "split", "lenet.onnx", "--target", "x", "--out", "y").stderr
    assert (
        onnxfi("split", "lenet.onnx", "--target", "conv1", "--out", "parts").stderr == loud.stderr
    )


def test_the_fallback_to_the_cpu_is_a_detail(
    onnxfi: Callable[..., Any], work: Path, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    from onnxfi.runtime import provider

    # Each machine has its own obstacle, and logs it once.
    obstacle = f"no driver was found by {request.node.name}"
    monkeypatch.setattr(provider, "cuda_obstacle", lambda: obstacle)
    command = ("profile", "lenet.onnx", "--inputs", "x.npz", "--provider", "auto", "--json")
    assert onnxfi(*command, "-v").stderr == f"Running on the CPU: {obstacle}.\n"
    monkeypatch.setattr(provider, "cuda_obstacle", lambda: f"{obstacle} again")
    assert onnxfi(*command).stderr == ""
