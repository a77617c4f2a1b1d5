"""The child process of a `LimitedSession`: runs a model again and again, within limits.

It reads pickled requests from its standard input and writes a pickled reply to each. It ends with
its parent, when its input ends, and when a run outruns its time.
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

#: The exit status of a child whose run outran its time.
OUTRAN = 75
# Seconds between two looks at the clock.
_PAUSE = 0.05
# Where the machine gives the child little processor time: a run may last so many times its limit.
_WAITING = 4
# In the messages of ONNX Runtime and of the C++ library where memory was refused, or where a size
# is more than any memory.
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
    """A run that is asked for.

    Attributes:
        changed: the inputs by name, without those that are what they were in the last run.
        allowed: what the run may take.
    """

    changed: Mapping[str, Any]
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request.

    Attributes:
        kind: what it is.
        message: why nothing came of it, where that is so.
        outputs: the outputs by name.
        taken: what the run took.
    """

    kind: Literal["done", "refused", "memory"]
    message: str = ""
    outputs: Mapping[str, Any] | None = None
    taken: Taken = NOTHING


def main() -> None:
    """Open the model that comes first, and run it as often as asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the parent, which then ends this
    requests = sys.stdin.buffer
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may write between the replies

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
        pass  # the parent wants no more, or is gone
    os._exit(0)  # without the seconds that ONNX Runtime may take to end


def _run(model: OpenedModel, feeds: Mapping[str, Any], allowed: Allowed, watch: "_Watch") -> Reply:
    before = _resident_memory() if allowed == UNLIMITED else 0.0
    began = _clocks()
    try:
        with watch.over(allowed.seconds), _memory_limited(allowed.memory):
            outputs = model.run(feeds)
    except InputError as error:
        no_memory = any(x in str(error) for x in _OUT_OF_MEMORY)
        return Reply("memory" if no_memory else "refused", str(error))
    except MemoryError as error:
        return Reply("memory", str(error))
    if allowed.memory is not None and 2 * _size(outputs.values()) > allowed.memory << 20:
        return Reply("memory", "The outputs take more than half of the memory.")
    seconds = min(now - start for now, start in zip(_clocks(), began, strict=True))
    memory = _resident_memory(peak=True) - before if allowed == UNLIMITED else 0.0
    return Reply("done", "", outputs, Taken(seconds, memory))


def _size(outputs: Iterable[Any]) -> int:
    """Return the bytes of tensors, and of sequences of tensors."""
    return sum(_size(x) if isinstance(x, list) else getattr(x, "nbytes", 0) for x in outputs)


class _Watch:
    """Ends the process where a run outruns its time, or the parent ended meanwhile.

    A kernel may loop for hours, so nothing less stops it.
    """

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._running = threading.Event()
        self._began = _clocks()
        self._seconds: float | None = None
        threading.Thread(target=self._look, daemon=True).start()

    @contextlib.contextmanager
    def over(self, seconds: float | None) -> Iterator[None]:
        """Watch over a run that may take so many seconds."""
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
                os._exit(OUTRAN)


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


@contextlib.contextmanager
def _memory_limited(memory: int | None) -> Iterator[None]:
    """Let this process have so many MiB more, where the system can see to it."""
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
    """Return the MiB of memory that this process has, or the most since that was asked for.

    0 where the system does not say.
    """
    if sys.platform != "linux":
        return 0.0
    if not peak:
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # let the peak begin anew
    field = "VmHWM:" if peak else "VmRSS:"
    with open("/proc/self/status") as file:
        kibibytes = next(line.split()[1] for line in file if line.startswith(field))
    return int(kibibytes) / 1024
