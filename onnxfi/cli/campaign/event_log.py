"""A log for programs: one JSON object a line."""

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
    """Writes what happens in a campaign, line by line; messages of the library included.

    Each line has ``time`` (ISO 8601, UTC) and ``event``: began, shard, message, interrupted,
    failed or ended; the rest tells of the event.
    """

    def __init__(self, place: str | None) -> None:
        """Open the log.

        Args:
            place: a file, to which lines are added; ``-`` for stderr; None for nowhere.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        self._closing = ExitStack()
        self._handler = _Messages(self)
        self._file = None
        if place == "-":
            self._file = sys.stderr
        elif place is not None:
            try:
                opened = Path(place).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115
            except OSError as error:
                raise ConfigurationError(f"The log cannot be written: {error}.") from error
            self._file = self._closing.enter_context(opened)

    @property
    def on_stderr(self) -> bool:
        """Whether the lines go to stderr, where nothing else should."""
        return self._file is sys.stderr

    def write(self, event: str, **about: Any) -> None:
        """Write a line."""
        if self._file is not None:
            line = {"time": datetime.now(UTC).isoformat(), "event": event, **about}
            print(json.dumps(line), file=self._file, flush=True)

    def __enter__(self) -> Self:
        """Begin to log the library's messages."""
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
        self._closing.close()


class _Messages(logging.Handler):
    def __init__(self, log: EventLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.write("message", level=record.levelname.lower(), message=record.getMessage())
