"""Runs a model with limits of time and memory."""

import os
import signal
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from onnxfi.errors import InputError, LimitError
from onnxfi.graph import Model
from onnxfi.runtime.child import TIMED_OUT, Reply
from onnxfi.runtime.child_process import ChildEndedError, ChildProcess
from onnxfi.runtime.limits import UNLIMITED, Allowed, Limits
from onnxfi.runtime.session import prepare

# The exit statuses of a process out of memory: C++ aborts, and the system kills.
_WITHOUT_MEMORY = (-signal.SIGABRT, -getattr(signal, "SIGKILL", 9))


class LimitedSession:
    """Runs a model as `Session` does, in a child process that ends when a run exceeds its limits.

    Each concurrent thread has its own child. Children start when they are needed and stay. Safe to
    use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        limits: Limits,
        merge: bool = True,
    ) -> None:
        """Start the first child.

        Args:
            model: the model; it is not changed.
            provider: as `choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.
            limits: the limits of a faulty execution; ``auto`` depends on the first golden run.
            merge: see `Session`.

        Raises:
            ModelFormatError: ONNX Runtime refuses the model.
        """
        # Memory that a run leaves behind would count for the next run.
        self._prepared = prepare(
            model, provider=provider, threads=threads, merge=merge, arena=False
        )
        self._inputs = tuple(x.name or "" for x in model.graph.inputs)
        self._on_device = provider != "cpu"
        self._limits = limits
        self._allowed: Allowed | None = None
        self._lock = threading.Lock()
        self._idle = [ChildProcess(self._prepared)]
        self.close = weakref.finalize(self, _end_all, self._idle)

    @property
    def allowed(self) -> Allowed:
        """The limits of a faulty execution, measured on the first golden run."""
        return self._allowed or self._limits.allowed()

    def run_golden(self, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Run without limits and return the outputs by name.

        Args:
            values: the inputs by name; other values are ignored.

        Raises:
            InputError: ONNX Runtime refuses the inputs.
        """
        reply = self._run(values, UNLIMITED)
        with self._lock:
            self._allowed = self._allowed or self._limits.allowed(reply.taken)
        return dict(reply.outputs or {})

    def run(self, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Run within the limits and return the outputs by name.

        Args:
            values: the inputs by name; other values are ignored.

        Raises:
            LimitError: the run exceeded a limit.
            InputError: ONNX Runtime refuses the inputs.
        """
        allowed = self.allowed
        if self._on_device:  # a driver's memory cannot be limited
            allowed = Allowed(allowed.seconds, None)
        return dict(self._run(values, allowed).outputs or {})

    def _run(self, values: Mapping[str, Any], allowed: Allowed) -> Reply:
        feeds = {name: values[name] for name in self._inputs}
        try:
            try:
                reply = self._ask(self._take(), feeds, allowed)
            except ChildEndedError as error:
                if error.status == TIMED_OUT:
                    raise
                # Something else may have ended the child: try once more.
                reply = self._ask(ChildProcess(self._prepared), feeds, allowed)
        except ChildEndedError as error:
            raise _error_for(error.status) from error
        if reply.kind == "memory":
            raise LimitError(reply.message, reason="memory")
        if reply.kind == "refused":
            raise InputError(reply.message)
        return reply

    def _ask(self, child: ChildProcess, feeds: Mapping[str, Any], allowed: Allowed) -> Reply:
        reply = child.run(feeds, allowed)
        with self._lock:
            self._idle.append(child)
        return reply

    def _take(self) -> ChildProcess:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.of_process == os.getpid():
                    return child
                child.end()  # it belongs to the process that this one was forked from
        return ChildProcess(self._prepared)


def _error_for(status: int) -> InputError:
    if status == TIMED_OUT:
        return LimitError("The execution exceeded its time limit.", reason="timeout")
    message = f"The process that ran the model ended with status {status}."
    if status in _WITHOUT_MEMORY:
        return LimitError(message, reason="memory")
    return InputError(message)


def _end_all(children: Sequence[ChildProcess]) -> None:
    for child in children:
        child.end()
