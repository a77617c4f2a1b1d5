"""Running patched lanes on whole tensors, from a checkpoint on only those that need it."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np
import onnx_ir as ir

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.runtime import Session
from onnxfi.suffix import LanePatch, Values, patched
from onnxfi.suffix.bottlenecks import find_bottlenecks, part_after, part_before
from onnxfi.suffix.checkpoint import Checkpoint
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.lanes.lanes import Lanes

# After so many lanes it is seen how many of them come out golden. A checkpoint cannot save a larger
# share than that.
_WATCHED, _LEAST_MASKED = 64, 1 / 8
# Lanes of each kind that are tried, tensors that are looked at, and those that are compared.
_TRIED, _CANDIDATES, _COMPARED = 4, 16, 3
# A run with a checkpoint must take less than this share of one without.
_WORTHWHILE = 0.95
# What ONNX Runtime does not merge with the node before: a cut there leaves the bits as they are.
_POOLINGS = ("AveragePool", "GlobalAveragePool", "MaxPool")
_CONVOLUTIONS = ("Conv", "ConvInteger", "ConvTranspose", "QLinearConv")
_PRODUCTS = ("GRU", "Gemm", "LSTM", "MatMul", "MatMulInteger", "QLinearMatMul", "RNN")
_MIXING = frozenset([*_POOLINGS, *_CONVOLUTIONS, *_PRODUCTS])
_logger = logging.getLogger("onnxfi")

_Lane = tuple[Values, Mapping[str, LanePatch]]


class DenseRest:
    """Runs a model on golden inputs with patches, on whole tensors.

    A checkpoint is used only where its two parts were seen to give the bits of the whole, in less
    time for the lanes there are. Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        patched: Sequence[str],
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
        checkpoints: bool,
    ) -> None:
        """Open a session.

        Args:
            model: the model.
            patched: names of its inputs that patches are for.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.
            checkpoints: whether to look for a checkpoint.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._model = model
        self._patched = tuple(patched)
        self._outputs = tuple(x.name or "" for x in model.graph.outputs)
        self._open = partial(Lanes, provider=provider, threads=threads, lanes=lanes)
        self._open_session = partial(Session, provider=provider, threads=threads)
        self._current: Lanes | Checkpoint = self._open(model, patched)
        self._decided = not checkpoints
        self._watched, self._masked = 0, 0
        self._samples: dict[bool, list[_Lane]] = {True: [], False: []}
        self._trial = threading.Lock()  # taken once, by the thread that tries

    def run_one(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run one lane on values of your own.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._current.run_one(values)

    def seconds(self, values: Mapping[str, np.ndarray]) -> float:
        """Return how long one lane takes.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._current.seconds(values)

    def run(
        self, goldens: Sequence[Values], patches: Sequence[Mapping[str, LanePatch]]
    ) -> Iterator[LaneResult]:
        """Yield what became of each patched lane.

        Args:
            goldens: for each lane the golden inputs and outputs by name, maybe among others; what
                else is learnt of a golden run is added. They have the same shapes in all lanes.
            patches: what differs from golden in each lane.
        """
        self._decide()
        current = self._current
        if isinstance(current, Checkpoint):
            yield from current.run(goldens, patches)
            return
        ran = current.run(goldens, patches)
        if self._decided:
            yield from map(LaneResult, ran)
            return
        for lane, outputs in zip(zip(goldens, patches, strict=True), ran, strict=True):
            if outputs is not None:
                self._watch(lane, outputs)
            yield LaneResult(outputs)

    def _watch(self, lane: _Lane, outputs: Mapping[str, np.ndarray]) -> None:
        if self._decided:
            return
        golden, _ = lane
        if not all(isinstance(x, np.ndarray) for x in outputs.values()):
            self._decided = True  # a sequence or an optional: its bits are not told so easily
            return
        masked = all(outputs[x].tobytes() == golden[x].tobytes() for x in self._outputs)
        self._watched += 1
        self._masked += masked
        if len(self._samples[masked]) < _TRIED:
            self._samples[masked].append(lane)

    def _decide(self) -> None:
        if self._decided or self._watched < _WATCHED or not self._trial.acquire(blocking=False):
            return  # while another thread is at it, this one goes on as before
        if isinstance(self._current, Lanes):
            self._current = self._best(self._current)
        self._decided = True
        for samples in self._samples.values():
            samples.clear()

    def _best(self, whole: Lanes) -> Lanes | Checkpoint:
        try:
            checkpoint = self._try_checkpoints(whole)
        except (InputError, ModelFormatError) as error:
            _logger.debug("No checkpoint: %s", error)
            return whole
        return checkpoint or whole  # either holds all weights

    def _try_checkpoints(self, whole: Lanes) -> Checkpoint | None:
        """Return the checkpoint that saves most; None where none pays, or a bit differs."""
        masked = self._masked / self._watched
        if masked < _LEAST_MASKED:
            return None
        golden, _ = self._samples[True][0]
        fastest = _WORTHWHILE * whole.seconds(golden)
        best: Checkpoint | None = None
        for value, share in self._where_masked():
            name = value.name or ""
            head = self._open(part_before(self._model, [value]), self._patched)
            tail = self._open(part_after(self._model, value), [name])
            checkpoint = Checkpoint(name, head, tail)
            of_head, of_tail = checkpoint.seconds_of_parts(golden)
            seconds = of_head + (1 - masked * share) * of_tail
            if seconds < fastest and self._same(whole, checkpoint):
                fastest, best = seconds, checkpoint
        return best

    def _where_masked(self) -> list[tuple[ir.Value, float]]:
        """Return the tensors at which more masked samples are golden than at the ones before.

        Each with the share of them. The last few, since the more the later.
        """
        every = [
            value
            for value in find_bottlenecks(self._model.graph, self._patched)
            if all(use.node.op_type in _MIXING for use in value.uses())
        ]
        some = every[:: -(-len(every) // _CANDIDATES) or 1]
        if not some:
            return []
        part = part_before(self._model, some)
        names = [x.name or "" for x in part.graph.inputs]
        session = self._open_session(part)
        golden_ones: Counter[ir.Value] = Counter()
        for golden, patches in self._samples[True]:
            faulty = patched(golden, patches)
            expected = session.run({name: golden[name] for name in names})
            made = session.run({name: faulty[name] for name in names})
            same = [
                x for x in some if made[x.name or ""].tobytes() == expected[x.name or ""].tobytes()
            ]
            golden_ones.update(same)
        found: list[tuple[ir.Value, float]] = []
        for value in some:
            share = golden_ones[value] / len(self._samples[True])
            if share > (found[-1][1] if found else 0):
                found.append((value, share))
        return found[-_COMPARED:]

    def _same(self, whole: Lanes, checkpoint: Checkpoint) -> bool:
        for golden, patches in (*self._samples[True], *self._samples[False]):
            faulty = patched(golden, patches)
            made = checkpoint.run_one(faulty)
            if any(made[x].tobytes() != y.tobytes() for x, y in whole.run_one(faulty).items()):
                return False
        return True
