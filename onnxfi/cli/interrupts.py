"""Ends the program on Ctrl-C and SIGTERM: at once, with one message, however often they come."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Exit status of an interrupted command.
INTERRUPTED = 130
# Seconds after an interrupt in which others are ignored. People press Ctrl-C several times, and
# what the first one began must not be broken off; it takes less than this (`GRACE`).
_IGNORED_SECONDS = 8.0


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT and SIGTERM; of several in a row, on the first only.

    Signals that the parent process has set to be ignored stay ignored. After an interrupt they are
    ignored to the end of the process, which must follow soon.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last = -1e9

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > _IGNORED_SECONDS:
            last = now
            raise KeyboardInterrupt

    before = {x: signal.getsignal(x) for x in (signal.SIGINT, signal.SIGTERM)}
    taken = {x: y for x, y in before.items() if y not in (signal.SIG_IGN, None)}
    for each in taken:
        signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each, handler in taken.items():
            signal.signal(each, handler if last < 0 else signal.SIG_IGN)
