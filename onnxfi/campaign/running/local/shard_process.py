"""Runs shards in a process of its own, which onnxfi starts and feeds.

It is not from `multiprocessing`, which imports the user's script again in each process; a script
without a guard would then start its campaign again.
"""

import contextlib
import logging
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor

from onnxfi.campaign.running.local.shard_child import Failed, Injected, Logged, Message, Opened
from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.run_directory import RunDirectory, Shard

# The child imports from where this process does.
_COMMAND = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from onnxfi.campaign.running.local.shard_child import main; main()"
)

_logger = logging.getLogger("onnxfi")


class CannotOpenError(Exception):
    """The process cannot open the campaign, so its shards must run elsewhere."""


class ShardProcess:
    """A process that runs shards of a run directory, for one thread at a time."""

    def __init__(self, directory: RunDirectory) -> None:
        """Start the process; it opens the campaign meanwhile.

        Raises:
            CannotOpenError: no process can be started, or the run directory is in the memory of
                this one.
        """
        self._opened = False
        if directory.place.startswith("memory://"):
            raise CannotOpenError
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # an interrupt is for this process alone
            )
        except (OSError, ValueError, TypeError) as error:  # an application may have no interpreter
            raise CannotOpenError from error
        self._send(sys.path, (directory.place, str(directory.manifest["run_id"])))

    def run(self, shard: Shard, *, on_injections: Callable[[int], None]) -> ShardOutcomes:
        """Run and record a shard.

        Args:
            shard: the shard.
            on_injections: called from time to time with the number of injections done since.

        Raises:
            CannotOpenError: the process cannot open the campaign.
            BrokenExecutor: the process died.
            OnnxfiError: the shard cannot be run.
            MemoryError: it needs more memory than there is.
        """
        try:
            if not self._opened:
                self._open()
            self._send(shard)
            while isinstance(message := self._receive(), Injected):
                on_injections(message.count)
        except BrokenExecutor as error:
            self.end()
            last = shard.first + shard.count - 1
            raise BrokenExecutor(f"{error}, in injections {shard.first} to {last}") from error
        except BaseException:
            self.end()  # its next message would belong to this shard
            raise
        if isinstance(message, ShardOutcomes):
            return message
        self.end()
        assert isinstance(message, Failed)
        raise message.error

    def _open(self) -> None:
        """Wait until the process has opened the campaign."""
        try:
            message = self._receive()
        except BrokenExecutor as error:
            raise CannotOpenError from error
        if not isinstance(message, Opened):
            raise CannotOpenError
        self._opened = True

    def _send(self, *messages: object) -> None:
        requests = self._process.stdin
        assert requests is not None
        try:
            for message in messages:
                pickle.dump(message, requests, protocol=pickle.HIGHEST_PROTOCOL)
            requests.flush()
        except (BrokenPipeError, ValueError):  # ValueError: closed by `end`
            pass  # the next message that is missing says so

    def _receive(self) -> Message:
        """Return the next message that is not for the log."""
        replies = self._process.stdout
        assert replies is not None
        while True:
            try:
                message: Message = pickle.load(replies)
            except (EOFError, ValueError, pickle.UnpicklingError) as error:
                raise BrokenExecutor(f"its exit status is {self._process.wait()}") from error
            if not isinstance(message, Logged):
                return message
            _logger.log(message.level, message.text)

    def end(self) -> None:
        """End the process; its shard in flight leaves no records."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):  # a shard that was not sent yet
                stream.close()
