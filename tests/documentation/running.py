"""Runs the code blocks of a page in a folder that holds what ``onnxfi demo`` leaves."""

import ast
import io
import json
import math
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import yaml

from onnxfi.cli.main import main
from onnxfi.configuration import Configuration
from tests.documentation.blocks import Block
from tests.documentation.comparison import differences

# What only a shell understands. Quoted text does not count.
_SHELL = re.compile(r"[|<>$&;`]|^\w+=")
# A page may show some keys of a configuration; these are required besides.
_REQUIRED = {
    "model": "lenet.onnx",
    "inputs": {"file": "digits.npz"},
    "targets": {"ops": ["Conv"]},
    "error_models": [{"name": "bitflip"}],
}
# A comment at the end of a line.
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)


class Output(NamedTuple):
    """What a block printed, and how it ended."""

    stdout: str
    stderr: str
    status: int


class Page:
    """Runs the blocks of one page in order; the current folder is the demo's."""

    def __init__(self, *, numbers: bool = True) -> None:
        """Begin without names and without output.

        Args:
            numbers: compare the numbers of outputs, and not only their words.
        """
        self._numbers = numbers
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._shown = ""

    def run(self, block: Block) -> None:
        """Run a block and check its status, or compare what it shows with the output before it."""
        if block.language == "text":
            tolerance = float(block.options.get("tolerance", 0)) if self._numbers else math.inf
            assert differences(block.source, self._shown, tolerance) == [], self._shown
            return
        if title := block.options.get("title"):
            Path(title).write_text(block.source, encoding="utf-8")
        output = self._output(block)
        expected = int(block.options.get("status", 0))
        assert output.status == expected, f"{block.place}\n{output.stdout}\n{output.stderr}"
        self._shown = output.stderr if expected else output.stdout

    def _output(self, block: Block) -> Output:
        if block.language == "python" and "title" not in block.options:
            return self._run_python(block)
        if block.language == "bash":
            return _run_bash(block.source)
        parse(block)
        if block.language == "yaml":
            _check_configuration(yaml.safe_load(block.source))
        return Output("", "", 0)

    def _run_python(self, block: Block) -> Output:
        out = io.StringIO()
        source = "\n" * block.line + block.source  # lines in tracebacks are those of the page
        with redirect_stdout(out):
            exec(compile(source, str(block.page), "exec"), self._names)  # our own pages
        return Output(out.getvalue(), "", 0)


def parse(block: Block) -> None:
    """Parse a block without running it."""
    if block.language == "python":
        ast.parse(dedent(block.source), filename=block.place)
    elif block.language == "bash":
        subprocess.run(["bash", "-n"], input=block.source, text=True, check=True)
    elif block.language == "yaml":
        yaml.safe_load(block.source)
    elif block.language == "json":
        json.loads(block.source)
    elif block.language == "toml":
        tomllib.loads(block.source)


def _check_configuration(document: Any) -> None:
    """Check a document that has only keys of a campaign's configuration."""
    if isinstance(document, dict) and set(document) <= set(Configuration.model_fields):
        Configuration.model_validate({**_REQUIRED, **document})


def _run_bash(source: str) -> Output:
    """Run commands: in this process if all are onnxfi's, because starting Python takes longer."""
    commands = list(_commands(source))
    if any(x[0] != "onnxfi" for x in commands):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        shell = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", source],
            capture_output=True, text=True, check=False, env={**os.environ, "PATH": path},
        )  # fmt: skip
        return Output(shell.stdout, shell.stderr, shell.returncode)
    stdout, stderr, status = "", "", 0
    for _, *arguments in commands:
        done = run_onnxfi(arguments)
        stdout, stderr, status = stdout + done.stdout, stderr + done.stderr, done.status
        if status:
            break
    return Output(stdout, stderr, status)


def _commands(source: str) -> Iterator[list[str]]:
    """Return the words of each command; ``["bash"]`` for what only a shell can run."""
    for line in _COMMENT.sub("", source).replace("\\\n", " ").splitlines():
        if line.strip():
            unquoted = re.sub(r"\"[^\"]*\"|'[^']*'", "", line)
            yield ["bash"] if _SHELL.search(unquoted) else shlex.split(line)


def run_onnxfi(arguments: list[str]) -> Output:
    """Run a command in this process, as the script would."""
    out, err, before, status = io.StringIO(), io.StringIO(), sys.argv, 0
    sys.argv = ["onnxfi", *arguments]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as done:
        status = int(done.code or 0)
    finally:
        sys.argv = before
    return Output(out.getvalue(), err.getvalue(), status)
