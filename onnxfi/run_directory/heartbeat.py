"""Publishes that a campaign is running, and its progress."""

import contextlib
import json
import os
import platform
import sys
import threading
import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from onnxfi.errors import ConfigurationError
from onnxfi.storage import Storage

_FILE = "running.json"
_EVERY_SECONDS = 5.0
#: Seconds without a sign of life after which a process counts as gone.
GONE_AFTER = 30.0


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """A message of the process that runs a campaign.

    Attributes:
        host: name of its machine.
        process: its id there.
        began: time of its beginning, in seconds since 1970 (UTC).
        at: time of the message.
        done: injections done by it, including those of unwritten shards.
    """

    host: str
    process: int
    began: float
    at: float
    done: int

    @property
    def rate(self) -> float:
        """Injections per second since it began."""
        return self.done / max(self.at - self.began, 1e-9)

    @property
    def running(self) -> bool:
        """Whether the process seems to be running."""
        if time.time() - self.at > GONE_AFTER:
            return False
        # Signal 0 only checks whether a process exists; on Windows it would be Ctrl-C.
        if self.host != platform.node() or sys.platform == "win32":
            return True
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class Heartbeat:
    """Writes signs of life into a run directory during its ``with`` block."""

    def __init__(self, storage: Storage) -> None:
        """Keep the storage of the run directory.

        Raises:
            ConfigurationError: another process runs the campaign.
        """
        self._storage = storage
        self._done = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._began = time.time()
        self._thread = threading.Thread(target=self._beat, name="onnxfi-heartbeat", daemon=True)
        other = read_sign_of_life(storage)
        if other is not None and other.running and not self._is_own(other):
            raise ConfigurationError(
                f"{storage} is being run by process {other.process} on {other.host}. Only one "
                "process at a time may run a campaign: end it, or wait. A killed process counts "
                f"as gone after {GONE_AFTER:.0f} seconds."
            )

    def add(self, count: int) -> None:
        """Add finished injections."""
        with self._lock:
            self._done += count

    def __enter__(self) -> Self:
        """Begin."""
        self._write()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, and remove the sign of life."""
        self._end.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            self._storage.remove(_FILE)

    def _beat(self) -> None:
        while not self._end.wait(_EVERY_SECONDS):
            self._write()

    def _write(self) -> None:
        sign = SignOfLife(platform.node(), os.getpid(), self._began, time.time(), self._done)
        # A full disk is reported when records are written.
        with contextlib.suppress(OSError):
            self._storage.write(_FILE, json.dumps(asdict(sign)).encode())

    def _is_own(self, sign: SignOfLife) -> bool:
        return (sign.host, sign.process) == (platform.node(), os.getpid())


def read_sign_of_life(storage: Storage) -> SignOfLife | None:
    """Return the last sign of life; None where no process runs the campaign."""
    try:
        return SignOfLife(**json.loads(storage.read(_FILE)))
    except (OSError, ValueError, TypeError):
        return None
