"""Knows which code of the user is running, in which injection."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass

#: Returns the name of the injections that a call is about, such as "Injection 7".
NameInjections = Callable[[object], str | None]

# Seconds after which a call is reported. Metrics take milliseconds.
_LONG = 30.0
# Seconds between two looks at the calls.
_PAUSE = 5.0

_logger = logging.getLogger("onnxfi")
# Context variables are of one thread, and other threads can read them in its context.
_call: ContextVar["_Call | None"] = ContextVar("_call", default=None)
_naming: ContextVar[NameInjections | None] = ContextVar("_naming", default=None)


@dataclass(frozen=True, eq=False, slots=True)
class _Call:
    """A call of the user's code.

    Attributes:
        code: its name, such as "the metric answers:far".
        subject: what it is about, for `NameInjections`.
        began: the time of its beginning, by `time.monotonic`.
    """

    code: str
    subject: object
    began: float


@contextmanager
def naming_calls(name: NameInjections) -> Iterator[None]:
    """Name the injections of the calls within."""
    token = _naming.set(name)
    try:
        yield
    finally:
        _naming.reset(token)


@contextmanager
def calling(code: str, subject: object) -> Iterator[None]:
    """Note during the block that the user's code runs.

    An interrupt within gets a note that names the code and the injection.

    Args:
        code: its name, such as "the metric answers:far".
        subject: what it is about, for `naming_calls`.
    """
    call = _Call(code, subject, time.monotonic())
    token = _call.set(call)
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(_describe(call, _naming.get()))
        raise
    finally:
        _call.reset(token)


def is_calling() -> bool:
    """Return whether this thread runs code of the user."""
    return _call.get() is not None


def describe_call(context: Context) -> str | None:
    """Return a sentence about the user's code that runs in another thread; None if none does.

    Args:
        context: the context in which the thread runs.
    """
    call = context.get(_call)
    return None if call is None else _describe(call, context.get(_naming))


def _describe(call: _Call, name: NameInjections | None) -> str:
    injections = None if name is None else name(call.subject)
    where = "" if injections is None else f"{injections}: "
    code = call.code if where else call.code[:1].upper() + call.code[1:]
    return f"{where}{code} has been running for {time.monotonic() - call.began:.0f} s."


@contextmanager
def watching_calls(contexts: Sequence[Context]) -> Iterator[None]:
    """Log a warning about each call in other threads that takes long, once.

    Args:
        contexts: the contexts in which the threads run.
    """
    done = threading.Event()

    def watch() -> None:
        reported: set[_Call] = set()
        while not done.wait(_PAUSE):
            running = {call for x in contexts if (call := x.get(_call)) is not None}
            reported &= running
            for context in contexts:
                call = context.get(_call)
                late = call is not None and time.monotonic() - call.began > _LONG
                if late and call is not None and call not in reported:
                    reported.add(call)
                    _logger.warning(_describe(call, context.get(_naming)))

    thread = threading.Thread(target=watch, name="onnxfi-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
