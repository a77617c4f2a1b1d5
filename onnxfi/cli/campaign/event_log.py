"""Logs the events of a campaign as JSON lines."""

import contextlib
import json
import logging
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from onnxfi.errors import ConfigurationError


class EventLog:
    """Writes the events of a campaign and the messages of the library, one per line.

    Each line has ``time`` (ISO 8601, UTC) and ``event``: began, shard, message, interrupted,
    failed or ended. The other keys depend on the event.
    """

    def __init__(self, place: str | None) -> None:
        """Open the log.

        Args:
            place: a file to append to, ``-`` for stderr, or None to log nothing.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        self._closing = ExitStack()
        self._place = place
        self._handler = _Messages(self)
        self._file = None
        if place == "-":
            self._file = sys.stderr
        elif place is not None:
            try:
                opened = Path(place).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115
            except OSError as error:
                raise ConfigurationError(
                    f"The log {place} cannot be written: {error}. Give another --log-json."
                ) from error
            self._file = self._closing.enter_context(opened)

    @property
    def on_stderr(self) -> bool:
        """Whether the lines go to stderr, which must then hold nothing else."""
        return self._file is sys.stderr

    def write(self, event: str, **details: Any) -> None:
        """Write one event.

        Raises:
            ConfigurationError: the file cannot be written; later events are dropped.
        """
        if self._file is None:
            return
        line = {"time": datetime.now(UTC).isoformat(), "event": event, **details}
        try:
            print(json.dumps(line), file=self._file, flush=True)
        except OSError as error:
            self._file = None
            raise ConfigurationError(
                f"The log {self._place} cannot be written: {error}. Finished shards are kept; "
                "continue with `onnxfi campaign resume DIR`, or give another --log-json."
            ) from error

    def __enter__(self) -> Self:
        """Start to log the messages of the library."""
        if self._file is not None:
            logging.getLogger("onnxfi").addHandler(self._handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        logging.getLogger("onnxfi").removeHandler(self._handler)
        with contextlib.suppress(OSError):  # `write` has reported it
            self._closing.close()


class _Messages(logging.Handler):
    def __init__(self, log: EventLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.write("message", level=record.levelname.lower(), message=record.getMessage())
