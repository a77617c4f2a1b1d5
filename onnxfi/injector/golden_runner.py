"""Runs a split model without a fault."""

import logging
import threading
from collections.abc import Mapping

import numpy as np

from onnxfi.graph import Model, Target
from onnxfi.injector.golden import Golden
from onnxfi.injector.golden_pass import GoldenPass
from onnxfi.injector.inputs import check_inputs
from onnxfi.injector.repeatability import check_repeated
from onnxfi.runtime import copy_from_runtime
from onnxfi.suffix import GoldenTensors, RunSettings, Suffix, Tensors
from onnxfi.surgery import Split, noise_note

_logger = logging.getLogger("onnxfi")


class GoldenRunner:
    """Makes golden runs of a split model; safe to use from several threads at once."""

    def __init__(
        self,
        model: Model,
        split: Split,
        suffix: Suffix,
        settings: RunSettings,
    ) -> None:
        """Keep what runs; the prefix is opened for the first golden run from inputs.

        Args:
            model: the model.
            split: the model split at the targets.
            suffix: runs what follows the targets.
            settings: how to run.
        """
        self._model = model
        self._split = split
        self._suffix = suffix
        self._settings = settings
        names = dict.fromkeys(x.name or "" for x in model.graph.outputs)
        self._outputs = tuple(x for x in names if x not in model.alarms)
        self._prefix: GoldenPass | None = None
        self._is_new, self._lock = True, threading.Lock()

    def run(self, inputs: Mapping[str, np.ndarray], *, seed: int) -> Golden:
        """Run the model; see `Injector.golden`."""
        checked = check_inputs(self._model, inputs)
        with self._lock:
            prefix = self._prefix = self._prefix or self._open_prefix()
        golden = self.run_suffix(prefix.run(checked, seed=seed))
        with self._lock:
            is_first, self._is_new = self._is_new, False
        if is_first:
            note = noise_note(self._model)
            if note is not None:
                _logger.warning(note)
            again = self.run_suffix(prefix.run(checked, seed=seed))
            check_repeated(self._model, golden.values, again.values)
        return golden

    def run_suffix(self, before: Tensors) -> Golden:
        """Run what follows the targets; see `Injector.golden_from`."""
        values = {x.name or "": before[x.name or ""] for x in self._split.prefix.graph.outputs}
        boundary = {name: values[name] for name in self._split.boundary}
        targets = {x.tensor: values[x.tensor] for x in self._split.stages[0].targets}

        def keep(target: Target, value: np.ndarray, known: Tensors) -> np.ndarray:
            targets[target.tensor] = value
            return value

        values |= copy_from_runtime(self._suffix.run_stages({**boundary, **targets}, keep))
        targets = {name: values[name] for name in targets}
        outputs = {name: values[name] for name in self._outputs}
        answer = {name: before.get(name, value) for name, value in outputs.items()}
        alarms = {name: values[name] for name in self._model.alarms}
        return Golden(targets, outputs, answer, boundary, GoldenTensors(values), alarms)

    def _open_prefix(self) -> GoldenPass:
        settings, prefix = self._settings, self._split.prefix
        return GoldenPass(prefix, provider=settings.provider, threads=settings.threads)
