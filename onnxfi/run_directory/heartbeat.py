"""Claims a run directory for one process, and publishes the progress of its campaign."""

import contextlib
import json
import os
import platform
import sys
import threading
import time
import uuid
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from onnxfi.errors import ConfigurationError
from onnxfi.run_directory.stored_documents import StoredSign, parse_document
from onnxfi.storage import Storage

_FILE = "running.json"
_EVERY_SECONDS = 5.0
# Longer than a write to an object store takes.
_SETTLING_SECONDS = 2.0
# Long enough for a running process to write a sign of life.
_LISTENING_SECONDS = 2 * _EVERY_SECONDS + _SETTLING_SECONDS
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
        token: differs between any two runs.
    """

    host: str
    process: int
    began: float
    at: float
    done: int
    token: str = ""

    @property
    def rate(self) -> float:
        """Injections per second since it began; 0 if its clock was set back."""
        return self.done / (self.at - self.began) if self.at > self.began else 0.0

    @property
    def running(self) -> bool:
        """Whether the process seems to be running."""
        # A time in the future is of a clock that was set back, or of another machine's.
        if abs(time.time() - self.at) > GONE_AFTER:
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


class Claim:
    """Holds a run directory for one process during its ``with`` block.

    A lock of the operating system decides between the processes of a machine; it ends with its
    process, however that ends. ``running.json`` decides between machines: storage creates it for
    one of them only, and a file without a recent sign of life is taken over.
    """

    def __init__(self, storage: Storage) -> None:
        """Keep the storage of the run directory."""
        self._storage = storage
        self._began = time.time()
        self._token = uuid.uuid4().hex
        self._lock = ExitStack()

    def __enter__(self) -> Self:
        """Claim the run directory.

        Raises:
            ConfigurationError: another process has it, or the storage cannot be written.
        """
        with ExitStack() as lock:
            try:
                locked = lock.enter_context(self._storage.lock())
                if not self._storage.create(_FILE, self._sign(0)):
                    self._take_over(locked=locked)
            except BlockingIOError as error:
                raise self._taken(read_sign_of_life(self._storage)) from error
            except OSError as error:
                raise ConfigurationError(f"{self._storage} is not writable: {error}.") from error
            self._lock = lock.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the run directory back."""
        with self._lock, contextlib.suppress(OSError):
            if self._is_own(read_sign_of_life(self._storage)):
                self._storage.remove(_FILE)

    def write(self, done: int) -> None:
        """Write a sign of life.

        Args:
            done: number of injections done since the beginning.

        Raises:
            OSError: it cannot be written.
        """
        self._storage.write(_FILE, self._sign(done))

    def check(self) -> None:
        """Check that no other machine took the run directory over.

        Raises:
            ConfigurationError: another one did.
        """
        sign = read_sign_of_life(self._storage)
        if sign is not None and not self._is_own(sign):
            raise self._taken(sign)

    def _take_over(self, *, locked: bool) -> None:
        other = read_sign_of_life(self._storage)
        # With the lock, a process of this machine that left a sign has ended.
        if not (locked and (other is None or other.host == platform.node())):
            if other is not None and (other.running or self._is_heard(other)):
                raise self._taken(read_sign_of_life(self._storage) or other)
            self.write(0)
            time.sleep(_SETTLING_SECONDS)  # another machine may take it over at the same time
            self.check()
        self.write(0)

    def _is_heard(self, other: SignOfLife) -> bool:
        """Return whether another process writes a new sign: clocks may differ, or be set."""
        time.sleep(_LISTENING_SECONDS)
        return read_sign_of_life(self._storage) not in (None, other)

    def _sign(self, done: int) -> bytes:
        sign = SignOfLife(platform.node(), os.getpid(), self._began, time.time(), done, self._token)
        return json.dumps(asdict(sign)).encode()

    def _is_own(self, sign: SignOfLife | None) -> bool:
        return sign is not None and sign.token == self._token

    def _taken(self, sign: SignOfLife | None) -> ConfigurationError:
        who = "another process" if sign is None else f"process {sign.process} on {sign.host}"
        return ConfigurationError(
            f"{self._storage} is in use by {who}. Only one process at a time may run a campaign: "
            "end it, or wait. A killed process of another machine counts as gone after "
            f"{GONE_AFTER:.0f} seconds."
        )


class Heartbeat(Claim):
    """Claims a run directory, and writes signs of life into it during its ``with`` block."""

    def __init__(self, storage: Storage) -> None:
        """Keep the storage of the run directory."""
        super().__init__(storage)
        self._done = 0
        self._counting = threading.Lock()
        self._end = threading.Event()
        self._lost: ConfigurationError | None = None
        self._thread = threading.Thread(target=self._beat, name="onnxfi-heartbeat", daemon=True)

    @property
    def is_lost(self) -> bool:
        """Whether another machine took the run directory over."""
        return self._lost is not None

    def add(self, count: int) -> None:
        """Add finished injections.

        Raises:
            ConfigurationError: another machine took the run directory over, or may do so.
        """
        if self._lost is not None:
            raise self._lost
        if not self._thread.is_alive():
            raise ConfigurationError(
                f"The thread that claims {self._storage} died, so another machine may take the "
                "campaign over. Finished shards are kept; continue with `onnxfi campaign resume "
                f"{self._storage}`."
            )
        with self._counting:
            self._done += count

    def __enter__(self) -> Self:
        """Claim the run directory, and begin."""
        super().__enter__()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, and give the run directory back."""
        self._end.set()
        self._thread.join()
        super().__exit__(kind, error, trace)

    def _beat(self) -> None:
        while not self._end.wait(_EVERY_SECONDS):
            try:
                self.check()
            except ConfigurationError as error:
                self._lost = error
                return
            # A full disk is reported when records are written.
            with contextlib.suppress(OSError):
                self.write(self._done)


def read_sign_of_life(storage: Storage) -> SignOfLife | None:
    """Return the last sign of life; None where no process runs the campaign."""
    try:
        return SignOfLife(**parse_document(storage.read(_FILE), StoredSign))
    except (OSError, ValueError):
        return None
