"""Repeats refused executions without graph optimizations."""

import threading

import numpy as np

from onnxfi.errors import InputError, ModelFormatError, OutOfMemoryError
from onnxfi.graph import Model, sizes_depend_on
from onnxfi.runtime import LimitedSession, Session, is_out_of_memory
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import same_bits

_Outputs = dict[str, np.ndarray]


class SecondTry:
    """Runs a model as it is written; safe to use from several threads at once.

    ONNX Runtime fuses nodes for the shapes that it expects, and may refuse shapes that the nodes
    themselves accept.
    """

    def __init__(self, model: Model, settings: RunSettings) -> None:
        """Keep the model; its session is opened when it is needed.

        Args:
            model: the model.
            settings: how to run.
        """
        self._model = model
        self._settings = settings
        self._session: Session | LimitedSession | None = None
        self._golden: tuple[Tensors, _Outputs] | None = None
        self._lock = threading.Lock()

    def run(self, values: Tensors, golden: Tensors) -> _Outputs:
        """Run the model on faulty values and return the outputs by name.

        The last bits may differ from those with optimizations. So each output is compared with the
        output of a golden run without them; where these are equal, the golden output is returned.

        Args:
            values: the inputs by name, maybe among others.
            golden: the same of the golden run, with its outputs.

        Raises:
            InputError: ONNX Runtime refuses it again, or a limit is exceeded.
            OutOfMemoryError: there is too little memory for executions of any fault.
        """
        try:
            return self._run(values, golden)
        except InputError as error:
            if is_out_of_memory(error) and self._has_fixed_sizes():
                raise OutOfMemoryError(
                    f"Not enough memory for an execution: {error}. No fault at this target changes "
                    "the size of a tensor, so this is not an outcome."
                ) from error
            raise

    def _has_fixed_sizes(self) -> bool:
        inputs = [x.name or "" for x in self._model.graph.inputs]
        return self._settings.limits is None and not sizes_depend_on(self._model, inputs)

    def _run(self, values: Tensors, golden: Tensors) -> _Outputs:
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
            name: golden[name] if same_bits(known[1][name], x) else x for name, x in made.items()
        }

    def result(self, values: Tensors, golden: Tensors) -> LaneResult:
        """Run the model as `run` does, and return the result of the lane."""
        try:
            made = self.run(values, golden)
        except InputError as error:
            return LaneResult.failed(error)
        return LaneResult({name: x for name, x in made.items() if x is not golden[name]})

    def _inputs(self, values: Tensors) -> _Outputs:
        names = (x.name or "" for x in self._model.graph.inputs)
        return {name: values[name] for name in names}

    def _open(self) -> Session | LimitedSession:
        settings = self._settings
        if settings.limits is None:
            return Session(
                self._model, provider=settings.provider, threads=settings.threads, merge=False
            )
        return LimitedSession(
            self._model,
            provider=settings.provider,
            threads=settings.threads,
            limits=settings.limits,
            merge=False,
        )
