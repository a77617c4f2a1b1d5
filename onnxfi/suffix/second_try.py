"""Repeats refused executions without graph optimizations."""

import threading
from collections.abc import Mapping
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.runtime import Session
from onnxfi.runtime.limited_session import LimitedSession
from onnxfi.runtime.limits import Limits
from onnxfi.suffix.lane_result import LaneResult, failure_of
from onnxfi.suffix.trial import bit_equal

_Outputs = dict[str, np.ndarray]


class SecondTry:
    """Runs a model as it is written; safe to use from several threads at once.

    ONNX Runtime merges nodes for the shapes that it expects, and may refuse others that the nodes
    themselves take.
    """

    def __init__(
        self,
        model: Model,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        limits: Limits | None,
    ) -> None:
        """Keep the model; its session is opened when it is needed.

        Args:
            model: the model.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.
            limits: what a faulty execution may take; None where that needs no limit.
        """
        self._model = model
        self._provider = provider
        self._threads = threads
        self._limits = limits
        self._session: Session | LimitedSession | None = None
        self._golden: tuple[Mapping[str, np.ndarray], _Outputs] | None = None
        self._lock = threading.Lock()

    def run(self, values: Mapping[str, np.ndarray], golden: Mapping[str, np.ndarray]) -> _Outputs:
        """Run the model on faulty values and return the outputs by name.

        The last bits may be others than with optimizations. So each output is compared with that of
        a golden run without them, and is the golden one where these two are the same.

        Args:
            values: the inputs by name, maybe among others.
            golden: the same of the golden run, with its outputs.

        Raises:
            InputError: ONNX Runtime refuses it again, or a limit is exceeded.
        """
        try:
            with self._lock:
                session = self._session = self._session or self._open()
        except ModelFormatError as error:  # it takes the model with optimizations only
            raise InputError(str(error)) from error
        known = self._golden
        if known is None or known[0] is not golden:
            expected = (
                session.run_golden(golden)
                if isinstance(session, LimitedSession)
                else session.run(self._inputs(golden))
            )
            known = self._golden = golden, expected
        made = session.run(self._inputs(values))
        return {
            name: golden[name] if bit_equal(known[1][name], x) else x for name, x in made.items()
        }

    def resumed(
        self, values: Mapping[str, np.ndarray], golden: Mapping[str, np.ndarray]
    ) -> LaneResult:
        """Run the model as `run` does, and return what became of it."""
        try:
            made = self.run(values, golden)
        except InputError as error:
            return LaneResult(None, failure=failure_of(error))
        return LaneResult({name: x for name, x in made.items() if x is not golden[name]})

    def _inputs(self, values: Mapping[str, np.ndarray]) -> _Outputs:
        names = (x.name or "" for x in self._model.graph.inputs)
        return {name: values[name] for name in names}

    def _open(self) -> Session | LimitedSession:
        if self._limits is None:
            return Session(self._model, provider=self._provider, threads=self._threads, merge=False)
        return LimitedSession(
            self._model,
            provider=self._provider,
            threads=self._threads,
            limits=self._limits,
            merge=False,
        )
