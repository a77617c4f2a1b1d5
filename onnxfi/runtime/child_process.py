"""Starts a child process that runs a model, and asks it to."""

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

# Bytes: the most that Linux gives anybody.
_PIPE = 1 << 20
# It imports what this process would, and not the user's script.
_COMMAND = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from onnxfi.runtime.child import main; main()"
)


class ChildEndedError(Exception):
    """The child ended instead of giving a reply.

    Attributes:
        status: its exit status; negative where a signal ended it.
    """

    def __init__(self, status: int) -> None:
        """Keep the status."""
        super().__init__(f"the child ended with status {status}")
        self.status = status


class ChildProcess:
    """A child process with one model; for one thread at a time."""

    def __init__(self, prepared: PreparedModel) -> None:
        """Start it and open the model there.

        Raises:
            ModelFormatError: ONNX Runtime refuses the model, or no process can be started.
        """
        self.of_process = os.getpid()
        # The inputs of the last run, which the child still has.
        self._sent: dict[str, Any] = {}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # ONNX Runtime and the C++ library write there
                start_new_session=True,  # an interrupt is for this process
            )
        except (OSError, ValueError, TypeError) as error:  # an application may have no interpreter
            raise ModelFormatError(
                f"Limits need a child process of Python, and {sys.executable!r} cannot be started: "
                f"{error}. Do without limits, or set sys.executable."
            ) from error
        for stream in (self._process.stdin, self._process.stdout):
            _widen(stream)
        try:
            reply = self._ask(sys.path, prepared)
        except ChildEndedError as error:
            raise ModelFormatError(
                f"ONNX Runtime must be able to run the model: {error}, while it opened it."
            ) from error
        if reply.kind != "done":
            self.end()
            raise ModelFormatError(reply.message)

    def run(self, feeds: Mapping[str, Any], allowed: Allowed) -> Reply:
        """Run the model once.

        Args:
            feeds: the inputs by name; arrays that were fed last are not sent again.
            allowed: what the run may take.

        Raises:
            ChildEndedError: the child ended before it gave a reply.
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
            self.end()  # what it says next would answer this
            raise
        return reply

    def end(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:  # what was not sent yet cannot be any more
                pass
        if self.of_process == os.getpid():
            self._process.kill()
            self._process.wait()


def _widen(pipe: IO[bytes] | None) -> None:
    """Let more than 64 KiB lie in a pipe at once, where the system can: tensors are large."""
    if sys.platform == "linux" and pipe is not None:
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
