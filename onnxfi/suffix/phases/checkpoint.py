"""Stops at a tensor in the middle of a model, and goes on only with lanes that are not masked."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.onnx_ir import ir
from onnxfi.runtime import copy_from_runtime
from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.cuts import starts_anew
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases.bottlenecks import find_bottlenecks, part_after, part_before
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry, Phase
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import Adoption, same_bits

_logger = logging.getLogger("onnxfi")


@dataclass(frozen=True, eq=False, slots=True)
class _Adopted:
    """A checkpoint that pays.

    Attributes:
        tensor: its name; every change goes through it.
        head: computes it from the entry.
        behind: the entry at it, with the rest of the model.
    """

    tensor: str
    head: Dense
    behind: Entry

    def run_whole(self, values: Tensors) -> dict[str, np.ndarray]:
        """Run one lane on whole tensors."""
        return self.behind.run_whole({**values, **self.head.run_whole(values)})


class Checkpoint(Phase):
    """Runs a model as far as one tensor.

    It first watches dense lanes. Where many come out golden, it looks for a tensor at which that is
    seen early, and whose two parts give the bits of the whole in less time.
    """

    exact_on = frozenset(("cpu",))
    computes_whole_tensors = True

    def __init__(
        self,
        model: Model,
        tensors: Sequence[str],
        dense: Dense,
        open_behind: Callable[[Model, Sequence[str]], Entry],
        settings: RunSettings,
    ) -> None:
        """Begin to watch.

        Args:
            model: all that follows the entry.
            tensors: the names of its inputs that carry patches.
            dense: runs the model; it is closed once a checkpoint takes its place.
            open_behind: makes the entry of a remaining model, given the names of its inputs that
                carry patches.
            settings: how to run.
        """
        self._model = model
        self._tensors = tuple(tensors)
        self._outputs = tuple(x.name or "" for x in model.graph.outputs)
        self._dense = dense
        self._open_behind = open_behind
        self._settings = settings
        self._policy = settings.policy
        self._adoption = Adoption[_Adopted]()
        self._watched, self._masked = 0, 0
        # Batches of one lane, by whether it came out golden.
        self._samples: dict[bool, list[Batch]] = {True: [], False: []}

    def wanted(self, batch: Batch) -> np.ndarray:
        """Return all lanes, until it is decided that no checkpoint pays."""
        if self._adoption.is_open and self._watched >= self._lanes_to_watch:
            adopted = self._adoption.try_once(self._try)
            if adopted is not None:
                self.behind = adopted.behind
            if not self._adoption.is_open:
                self._samples = {True: [], False: []}
        return np.full(len(batch), self._adoption.state != "dropped")

    @property
    def _lanes_to_watch(self) -> int:
        """Lanes that run densely before a checkpoint is looked for."""
        if self._settings.experience.checkpoint_paid is False:
            return self._policy.lanes_before_late_checkpoint
        return self._policy.lanes_before_checkpoint

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """Yield no more lanes than fill a batch, because all of them have whole tensors."""
        most = self._policy.most_lanes
        for start in range(0, len(batch), most):
            yield batch.select(range(start, min(start + most, len(batch))))

    def run(self, batch: Batch) -> Advanced:
        """Run as far as the checkpoint; without one, to the end."""
        adopted = self._adoption.kept
        if adopted is None:
            advanced = self._dense.run(batch)
            for n, lane in enumerate(batch.lanes):
                self._watch(batch, n, advanced.done[lane])
            return advanced
        goldens = [x.recall(self, self._at_checkpoint) for x in batch.goldens]
        done = dict(adopted.head.run(batch).done)
        left: dict[int, Mapping[str, LanePatch]] = {}
        for n, lane in enumerate(batch.lanes):
            made = done[lane].outputs
            if made is None:
                continue
            faulty = made[adopted.tensor]
            done[lane] = LaneResult({}, adopted.tensor)
            if not same_bits(faulty, goldens[n].values[adopted.tensor]):
                del done[lane]
                left[n] = {adopted.tensor: LanePatch((slice(None),) * faulty.ndim, faulty)}
        if not left:
            return Advanced(done)
        behind = batch.onward(
            list(left), by_lane=list(left.values()), goldens=[goldens[n] for n in left]
        )
        return Advanced(done, behind)

    def run_whole(self, values: Tensors, *, faulty: bool = False) -> dict[str, np.ndarray] | None:
        """Run both parts, once they have taken the place of the dense session."""
        adopted = self._adoption.kept
        return None if adopted is None else adopted.run_whole(values)

    def _at_checkpoint(self, values: Tensors) -> dict[str, np.ndarray]:
        adopted = self._adoption.kept
        return {} if adopted is None else copy_from_runtime(adopted.head.run_whole(values))

    def _watch(self, batch: Batch, position: int, result: LaneResult) -> None:
        outputs, golden = result.outputs, batch.goldens[position].values
        if not self._adoption.is_open or outputs is None:
            return
        if not all(isinstance(x, np.ndarray) for x in outputs.values()):
            self._adoption.drop()  # sequences and optionals are not compared
            return
        masked = all(same_bits(outputs[x], golden[x]) for x in self._outputs)
        self._watched += 1
        self._masked += masked
        if len(self._samples[masked]) < self._policy.checkpoint_samples:
            self._samples[masked].append(batch.select([position]))

    def _try(self) -> _Adopted | None:
        """Return the checkpoint that saves most; None where none pays, or a bit differs."""
        policy = self._policy
        masked = self._masked / max(1, self._watched)
        if not policy.pays("checkpoint", masked >= policy.masked_for_checkpoint):
            return None
        try:
            adopted = self._best(masked)
        except (InputError, ModelFormatError) as error:
            _logger.debug("No checkpoint: %s", error)
            return None
        self._settings.experience.checkpoint_paid = adopted is not None
        if adopted is not None:
            self._dense.close()
        return adopted

    def _best(self, masked: float) -> _Adopted | None:
        golden = (*self._samples[True], *self._samples[False])[0].goldens[0].values
        fastest = self._policy.checkpoint_gain * self._seconds(self._dense.run_whole, golden)
        best: _Adopted | None = None
        for value, share in self._where_masked():
            name = value.name or ""
            head = Dense(part_before(self._model, [value]), self._tensors, self._settings)
            behind = self._open_behind(part_after(self._model, value), [name])
            candidate = _Adopted(name, head, behind)
            at_checkpoint = {**golden, **head.run_whole(golden)}
            tail_seconds = self._seconds(behind.run_whole, at_checkpoint)
            seconds = self._seconds(head.run_whole, golden) + (1 - masked * share) * tail_seconds
            cheaper = self._policy.pays("checkpoint", seconds < fastest)
            if cheaper and self._is_exact(candidate):
                fastest, best = seconds, candidate
        return best

    def _seconds(self, run: Callable[[Tensors], Tensors], values: Tensors) -> float:
        return self._settings.seconds(lambda: run(values))

    def _where_masked(self) -> list[tuple[ir.Value, float]]:
        """Return tensors that mask more samples than the tensors before, with their shares.

        Only the last few, because the share grows along the graph.
        """
        every = [
            value
            for value in find_bottlenecks(self._model.graph, self._tensors)
            if all(starts_anew(use.node) for use in value.uses())
        ]
        some = every[:: -(-len(every) // self._policy.checkpoint_candidates) or 1]
        if not some:
            return []
        part = part_before(self._model, some)
        names = [x.name or "" for x in part.graph.inputs]
        session = self._settings.open(part)
        golden_ones: Counter[ir.Value] = Counter()
        for sample in self._samples[True]:
            golden, values = sample.goldens[0].values, sample.values(0)
            expected = session.run({name: golden[name] for name in names})
            made = session.run({name: values[name] for name in names})
            golden_ones.update(
                x for x in some if same_bits(made[x.name or ""], expected[x.name or ""])
            )
        found: list[tuple[ir.Value, float]] = []
        for value in some:
            share = golden_ones[value] / max(1, len(self._samples[True]))
            if self._policy.pays("checkpoint", share > (found[-1][1] if found else 0)):
                found.append((value, share))
        return found[-self._policy.checkpoint_comparisons :]

    def _is_exact(self, candidate: _Adopted) -> bool:
        """Return whether the two parts give the bits of the whole on the samples."""
        for sample in (*self._samples[True], *self._samples[False]):
            values = sample.values(0)
            made = candidate.run_whole(values)
            expected = self._dense.run_whole(values)
            if not all(same_bits(made[x], y) for x, y in expected.items()):
                return False
        return True
