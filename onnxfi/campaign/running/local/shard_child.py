"""Runs shards in a child process: the other side of `ShardProcess`.

It reads pickled shards from its standard input and writes pickled messages to its standard output.
It ends as soon as its input ends, so a parent that was killed leaves no child behind.
"""

import logging
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO

from onnxfi.campaign.running.record_shard import open_worker, record_shard
from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.errors import OnnxfiError
from onnxfi.injector import surviving_exits, watching_calls
from onnxfi.run_directory import Shard


@dataclass(frozen=True, slots=True)
class Opened:
    """The child has opened the run directory and the model."""


@dataclass(frozen=True, slots=True)
class Injected:
    """Some injections of the shard are done.

    Attributes:
        count: their number.
    """

    count: int


@dataclass(frozen=True, slots=True)
class Logged:
    """A message for the log of the parent.

    Attributes:
        level: its level.
        text: its text.
    """

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The run directory cannot be opened, or the shard cannot be run.

    Attributes:
        error: the error, as a class that can be unpickled.
    """

    error: Exception


#: Everything that the child sends.
Message = Opened | Injected | Logged | Failed | ShardOutcomes


class _Forwarding(logging.Handler):
    """Sends log messages to the parent."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        self._send(Logged(record.levelno, record.getMessage()))


def main() -> None:
    """Open the run directory that comes first, then run and record every shard."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it, and ends this process
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a metric prints must not come between the messages

    def send(message: Message) -> None:
        pickle.dump(message, messages, protocol=pickle.HIGHEST_PROTOCOL)
        messages.flush()

    logger = logging.getLogger("onnxfi")
    logger.addHandler(_Forwarding(send))
    logger.propagate = False
    place, run_id = pickle.load(sys.stdin.buffer)
    shards: SimpleQueue[Shard] = SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, shards), daemon=True).start()

    def run_all() -> None:
        directory, worker = open_worker(place, run_id)
        send(Opened())
        while True:
            shard = shards.get()
            send(
                record_shard(
                    directory, worker, shard, on_injections=lambda count: send(Injected(count))
                )
            )

    context = copy_context()
    try:
        with surviving_exits(), watching_calls([context]):
            context.run(run_all)
    except (OnnxfiError, MemoryError) as error:
        send(Failed(_portable(error)))


def _portable(error: Exception) -> Exception:
    """Return an error that can be unpickled: some classes take more than a message."""
    try:
        pickle.loads(pickle.dumps(error))
    except (TypeError, AttributeError, pickle.PicklingError):
        return OnnxfiError(str(error))
    return error


def _read(requests: IO[bytes], shards: "SimpleQueue[Shard]") -> None:
    """Queue the shards that the parent sends; end the process when the parent is gone."""
    try:
        while True:
            shards.put(pickle.load(requests))
    except EOFError:
        os._exit(0)
