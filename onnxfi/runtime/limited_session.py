"""A session whose runs end when they take too much time or memory."""

import os
import signal
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from onnxfi.errors import InputError, LimitError
from onnxfi.graph import Model
from onnxfi.runtime.child import OUTRAN, Reply
from onnxfi.runtime.child_process import ChildEndedError, ChildProcess
from onnxfi.runtime.limits import UNLIMITED, Allowed, Limits
from onnxfi.runtime.session import prepare

# How a process ends that gets no memory: C++ aborts, and the system kills.
_WITHOUT_MEMORY = (-signal.SIGABRT, -getattr(signal, "SIGKILL", 9))


class LimitedSession:
    """Runs a model as `Session` does, in a child process that a run which takes too much ends.

    Each thread that runs at the same time has a child of its own; they start when they are needed
    and stay. Safe to use from several threads at once.
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
            model: the model; it is left as it is.
            provider: as `choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.
            limits: what a faulty execution may take; ``auto`` waits for the first golden run.
            merge: as `Session` takes it.

        Raises:
            ModelFormatError: ONNX Runtime refuses the model.
        """
        # Memory kept from one run to the next would count for the next.
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
        """What a faulty execution may take, measured on the first golden run."""
        return self._allowed or self._limits.allowed()

    def run_golden(self, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Run without a limit and return the outputs by name.

        Args:
            values: the inputs by name, maybe among others.

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
            values: the inputs by name, maybe among others.

        Raises:
            LimitError: it took too much time or memory.
            InputError: ONNX Runtime refuses the inputs.
        """
        allowed = self.allowed
        if self._on_device:  # a driver takes memory as it likes
            allowed = Allowed(allowed.seconds, None)
        return dict(self._run(values, allowed).outputs or {})

    def _run(self, values: Mapping[str, Any], allowed: Allowed) -> Reply:
        feeds = {name: values[name] for name in self._inputs}
        try:
            try:
                reply = self._ask(self._take(), feeds, allowed)
            except ChildEndedError as error:
                if error.status == OUTRAN:
                    raise
                # Something else may have ended it.
                reply = self._ask(ChildProcess(self._prepared), feeds, allowed)
        except ChildEndedError as error:
            raise _what_ended(error.status) from error
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
                child.end()  # of the process that this one was forked from
        return ChildProcess(self._prepared)


def _what_ended(status: int) -> InputError:
    if status == OUTRAN:
        return LimitError("The execution outran its time.", reason="timeout")
    message = f"The process that ran the model ended with status {status}."
    if status in _WITHOUT_MEMORY:
        return LimitError(message, reason="memory")
    return InputError(message)


def _end_all(children: Sequence[ChildProcess]) -> None:
    for child in children:
        child.end()
