"""Reports code of the user that ends the process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from onnxfi.injector.user_code.calls import is_calling


@contextmanager
def surviving_exits() -> Iterator[None]:
    """Turn `os._exit` within code of the user into SystemExit, which names the injection.

    For processes of onnxfi's own: it would otherwise end without a message.
    """
    ends, process = os._exit, os.getpid()

    def exit_or_raise(status: int) -> None:
        if is_calling() and os.getpid() == process:  # a process that the user forked may end
            raise SystemExit(status)
        ends(status)

    os._exit = exit_or_raise  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = ends
