"""Starts a child process that runs a model, and exchanges messages with it."""

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from typing import IO, Any

from onnxfi.errors import ModelFormatError
from onnxfi.runtime.child import Reply, Request
from onnxfi.runtime.limits import Allowed
from onnxfi.runtime.opened_model import PreparedModel

# Bytes: the largest pipe that Linux allows an unprivileged process.
_PIPE = 1 << 20
# The child has this process's import path, but does not import the user's script.
_COMMAND = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from onnxfi.runtime.child import main; main()"
)


class ChildEndedError(Exception):
    """The child ended instead of replying.

    Attributes:
        status: its exit status; negative if a signal ended it.
    """

    def __init__(self, status: int) -> None:
        """Keep the status."""
        super().__init__(f"the child ended with status {status}")
        self.status = status


class ChildProcess:
    """A child process with one model; for one thread at a time."""

    def __init__(self, prepared: PreparedModel) -> None:
        """Start the child and open the model there.

        Raises:
            ModelFormatError: ONNX Runtime refuses the model, or no process can be started.
        """
        self.of_process = os.getpid()
        # The inputs of the last run, which the child keeps.
        self._sent: dict[str, Any] = {}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # ONNX Runtime and the C++ library write to it
                start_new_session=True,  # interrupts are for this process only
            )
        except (OSError, ValueError, TypeError) as error:  # applications may have no interpreter
            raise ModelFormatError(
                f"Limits need a Python child process, and {sys.executable!r} cannot be started: "
                f"{error}. Set sys.executable, or pass limits=None."
            ) from error
        for stream in (self._process.stdin, self._process.stdout):
            _widen(stream)
        try:
            reply = self._ask(sys.path, prepared)
        except ChildEndedError as error:
            raise ModelFormatError(
                f"ONNX Runtime must be able to run the model, and while opening it {error}."
            ) from error
        if reply.kind != "done":
            self.end()
            raise ModelFormatError(reply.message)

    def run(self, feeds: Mapping[str, Any], allowed: Allowed) -> Reply:
        """Run the model once.

        Args:
            feeds: the inputs by name; arrays of the last run are not sent again.
            allowed: the limits of the run.

        Raises:
            ChildEndedError: the child ended before it replied.
        """
        changed = {name: x for name, x in feeds.items() if self._sent.get(name, self) is not x}
        self._sent = dict(feeds)
        return self._ask(Request(changed, allowed))

    def _ask(self, *messages: object) -> Reply:
        """Send messages and return the reply to the last."""
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None
        assert replies is not None
        try:
            for message in messages:
                pickle.dump(message, requests, protocol=pickle.HIGHEST_PROTOCOL)
            requests.flush()
            reply: Reply = pickle.load(replies)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            status = self._process.wait()
            self.end()
            raise ChildEndedError(status) from None
        except BaseException:
            self.end()  # its next reply would belong to this message
            raise
        return reply

    def end(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:  # buffered data cannot be sent any more
                pass
        if self.of_process == os.getpid():
            self._process.kill()
            self._process.wait()


def _widen(pipe: IO[bytes] | None) -> None:
    """Enlarge a pipe beyond 64 KiB if the system supports it, because tensors are large."""
    if sys.platform == "linux" and pipe is not None:
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
