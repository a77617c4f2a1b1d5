"""Runs a model within limits, as the child process of a `LimitedSession`.

It reads pickled requests from its standard input and writes a pickled reply to each. It exits with
its parent, at the end of its input, and when a run exceeds its time limit.
"""

import contextlib
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.runtime.limits import NOTHING, UNLIMITED, Allowed, Taken
from onnxfi.runtime.opened_model import OpenedModel

#: The exit status of a child whose run exceeded its time limit.
TIMED_OUT = 75
# Seconds between two checks of the clock.
_PAUSE = 0.05
# A run on a busy machine may last this many times its limit of processor time.
_WAITING = 4
# Parts of the messages of ONNX Runtime and of the C++ library about refused memory, or about a size
# that exceeds any memory.
_OUT_OF_MEMORY = (
    "bad_alloc",
    "bad allocation",
    "Failed to allocate memory",
    "Integer overflow",
    "size overflowed",
    "larger than max_size()",
    "would require more than",
    "length_error",
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to run the model.

    Attributes:
        changed: the inputs by name that differ from the last run.
        allowed: the limits of the run.
    """

    changed: Mapping[str, Any]
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to a request.

    Attributes:
        kind: whether the run succeeded, was refused, or needed too much memory.
        message: the reason if it did not succeed.
        outputs: the outputs by name.
        taken: the time and memory of the run.
    """

    kind: Literal["done", "refused", "memory"]
    message: str = ""
    outputs: Mapping[str, Any] | None = None
    taken: Taken = NOTHING


def main() -> None:
    """Open the model, which comes first, and run it for each request."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it and ends this process
    requests = sys.stdin.buffer
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # other code must not write between the replies

    def answer(reply: Reply) -> None:
        pickle.dump(reply, replies, protocol=pickle.HIGHEST_PROTOCOL)
        replies.flush()

    watch = _Watch()
    try:
        model = OpenedModel(pickle.load(requests))
        answer(Reply("done"))
        feeds: dict[str, Any] = {}
        while True:
            request: Request = pickle.load(requests)
            feeds |= request.changed
            answer(_run(model, feeds, request.allowed, watch))
    except ModelFormatError as error:
        answer(Reply("refused", str(error)))
    except (EOFError, BrokenPipeError):
        pass  # the parent has finished, or is gone
    os._exit(0)  # ONNX Runtime may take seconds to shut down


def _run(model: OpenedModel, feeds: Mapping[str, Any], allowed: Allowed, watch: "_Watch") -> Reply:
    before = _resident_memory() if allowed == UNLIMITED else 0.0
    began = _clocks()
    try:
        with watch.over(allowed.seconds), _memory_limited(allowed.memory):
            outputs = model.run(feeds)
    except InputError as error:
        return Reply("memory" if is_out_of_memory(error) else "refused", str(error))
    except MemoryError as error:
        return Reply("memory", str(error))
    if allowed.memory is not None and 2 * _size(outputs.values()) > allowed.memory << 20:
        return Reply("memory", "The outputs take more than half of the memory limit.")
    seconds = min(now - start for now, start in zip(_clocks(), began, strict=True))
    memory = _resident_memory(peak=True) - before if allowed == UNLIMITED else 0.0
    return Reply("done", "", outputs, Taken(seconds, memory))


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an execution failed because it was refused memory."""
    return any(x in str(error) for x in _OUT_OF_MEMORY)


def _size(outputs: Iterable[Any]) -> int:
    """Return the bytes of tensors, and of sequences of tensors."""
    return sum(_size(x) if isinstance(x, list) else getattr(x, "nbytes", 0) for x in outputs)


class _Watch:
    """Ends the process when a run exceeds its time limit, or when the parent has ended.

    A kernel may loop for hours, and only the end of the process stops it.
    """

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._running = threading.Event()
        self._began = _clocks()
        self._seconds: float | None = None
        threading.Thread(target=self._look, daemon=True).start()

    @contextlib.contextmanager
    def over(self, seconds: float | None) -> Iterator[None]:
        """Watch a run that may take the given number of seconds."""
        self._began, self._seconds = _clocks(), seconds
        self._running.set()
        try:
            yield
        finally:
            self._running.clear()

    def _look(self) -> None:
        while True:
            self._running.wait()
            time.sleep(_PAUSE)
            if os.getppid() != self._parent:
                os._exit(0)
            seconds = self._seconds
            passed, worked = (x - y for x, y in zip(_clocks(), self._began, strict=True))
            if seconds is None or not self._running.is_set():
                continue
            if min(passed, worked) > seconds or passed > _WAITING * seconds:
                os._exit(TIMED_OUT)


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


@contextlib.contextmanager
def _memory_limited(memory: int | None) -> Iterator[None]:
    """Limit this process to the given number of further MiB, if the system supports it."""
    if memory is None or sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    _, most = before
    wanted = _data_bytes() + (memory << 20)
    within = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_DATA, (within, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _data_bytes() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[5]) * os.sysconf("SC_PAGE_SIZE")


def _resident_memory(*, peak: bool = False) -> float:
    """Return the resident memory of this process in MiB, or its peak since the last call.

    The result is 0 if the system does not report it.
    """
    if sys.platform != "linux":
        return 0.0
    if not peak:
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # reset the peak
    field = "VmHWM:" if peak else "VmRSS:"
    with open("/proc/self/status") as file:
        kibibytes = next(line.split()[1] for line in file if line.startswith(field))
    return int(kibibytes) / 1024
