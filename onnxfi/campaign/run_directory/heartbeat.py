"""Telling others that a campaign runs, and how far it is."""

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

from onnxfi.campaign.storage import Storage
from onnxfi.errors import ConfigurationError

_FILE = "running.json"
_EVERY_SECONDS = 5.0
#: After so many seconds without a sign of life a process counts as gone.
GONE_AFTER = 30.0


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """What a process that runs a campaign tells of itself.

    Attributes:
        host: name of its machine.
        process: its id there.
        began: when it began, in seconds since 1970 (UTC).
        at: when it told this.
        done: injections done by it, those included whose shard is not written yet.
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
        # Signal 0 asks whether a process exists; on Windows it would be Ctrl-C.
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
    """Writes signs of life into a run directory as long as its ``with`` block runs."""

    def __init__(self, storage: Storage) -> None:
        """Keep where to write.

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
                f"One process at a time runs a campaign, and process {other.process} on "
                f"{other.host} runs the one in {storage}. End it, or wait: a process that was "
                f"killed counts as gone after {GONE_AFTER:.0f} seconds."
            )

    def add(self, count: int) -> None:
        """Count injections that were done."""
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
        """End, and leave no sign."""
        self._end.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            self._storage.remove(_FILE)

    def _beat(self) -> None:
        while not self._end.wait(_EVERY_SECONDS):
            self._write()

    def _write(self) -> None:
        sign = SignOfLife(platform.node(), os.getpid(), self._began, time.time(), self._done)
        # A full disk is for the records to tell of.
        with contextlib.suppress(OSError):
            self._storage.write(_FILE, json.dumps(asdict(sign)).encode())

    def _is_own(self, sign: SignOfLife) -> bool:
        return (sign.host, sign.process) == (platform.node(), os.getpid())


def read_sign_of_life(storage: Storage) -> SignOfLife | None:
    """Return the last sign of life; None where no process runs the campaign, or none tells."""
    try:
        return SignOfLife(**json.loads(storage.read(_FILE)))
    except (OSError, ValueError, TypeError):
        return None
