"""Runs one command line in a child process with limits."""

import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxfi.cli.main import main

# Characters. A longer message is not one that people read.
_LONGEST_MESSAGE = 3_000
# Bytes of memory that a case may take, beyond what importing took.
_MEMORY = 3 << 30
_STEP = 0.005  # seconds between two looks at a child


#: The kinds of good endings.
GOOD = ("done", "found", "refused")
# Commands that check something, and end with 1 if they find a difference.
_CHECKS = ("verify", "replay")


@dataclass(frozen=True)
class Ending:
    """The end of a case.

    Attributes:
        kind: ``done``, ``refused``, ``found`` of a check that found a difference, or what is wrong:
            ``traceback``, ``exit N``, ``timeout``, ``signal N``, ``long message``, ``no message``,
            ``other lines``, ``other records``.
        text: what the command wrote to stderr.
    """

    kind: str
    text: str

    @property
    def good(self) -> bool:
        """Whether the command did its work, or refused with one message."""
        return self.kind in GOOD


def run_case(words: Sequence[str], folder: Path, *, seconds: float) -> Ending:
    """Run ``onnxfi`` in a forked child, in a folder.

    Args:
        words: the arguments.
        folder: the folder that the command runs in.
        seconds: the limit of wall time.
    """
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            _be_the_child(words, folder, errors.fileno(), seconds)
        status = _wait(child, seconds)
        errors.seek(0)
        text = errors.read().decode("utf-8", errors="replace")
    kind = _judge(status, text)
    if kind in ("exit 1", "no message") and status == 1 and set(_CHECKS) & {*words}:
        kind = "found"  # stdout says what
    return Ending(kind, text)


def _be_the_child(words: Sequence[str], folder: Path, errors: int, seconds: float) -> None:
    status = 70
    try:
        os.chdir(folder)
        os.dup2(errors, 2)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(4 * seconds) + 1, int(4 * seconds) + 2))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
        sys.argv = ["onnxfi", *words]
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # the parent judges the traceback
        import traceback

        traceback.print_exc()
        status = 1
    finally:
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, seconds: float) -> int | None:
    """Return the status of a child; None if it was stopped at its limit."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_STEP)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _judge(status: int | None, text: str) -> str:
    if status is None:
        return "timeout"
    if status < 0:
        return f"signal {-status}"
    if "Traceback (most recent call last)" in text:
        return "traceback"
    if status == 0:
        return "done"
    if status not in (1, 2):
        return f"exit {status}"
    if not text.strip():
        return "no message"
    if len(text) > _LONGEST_MESSAGE:
        return "long message"
    if "Error calling" in text or "terminate called" in text:
        return "other lines"
    return "refused" if status == 2 else "exit 1"
