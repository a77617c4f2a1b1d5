"""Runs a model in lanes: several faulty executions as one batch."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lanes.decision import LaneDecision, no_batch
from onnxfi.suffix.lanes.device import DeviceLaneSession
from onnxfi.suffix.lanes.host import HostLaneSession
from onnxfi.suffix.lanes.lane_session import LaneSession, Workspace
from onnxfi.suffix.lanes.lane_trial import LaneTrial
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import Adoption, perturbed
from onnxfi.surgery import with_free_batch


class Lanes:
    """Runs a model on golden inputs with patches, in as many lanes as pay.

    Several lanes are used only where the graph proves that no sample meets another, and runs
    confirm it, so their number never changes a result. Batching pays when the fixed cost of a run
    or reading the weights dominates. Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        patched: Collection[str],
        settings: RunSettings,
        *,
        shared: Collection[str] = (),
        single: LaneSession | None = None,
        on_device: bool | None = None,
    ) -> None:
        """Open a session for one lane.

        Args:
            model: the model.
            patched: names of the inputs that patches are for.
            settings: how to run.
            shared: names of the inputs that all lanes share, such as weights.
            single: runs one lane; by default a session of the model.
            on_device: whether golden inputs are kept and patched where the model runs, if that is
                possible; by default, unless it runs on the CPU.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        self._model = model
        self._settings = settings
        self._policy = settings.policy
        self._patched = tuple(patched)
        self._shared = tuple(shared)
        self._on_device = settings.provider != "cpu" if on_device is None else on_device
        self._on_device = self._on_device and not shared
        self._session = self._open(model) if single is None else single
        self._inputs = tuple(value.name or "" for value in model.graph.inputs)
        self._stopwatch = settings.stopwatch
        self._adoption = Adoption[LaneDecision]()
        if settings.lanes == 1:
            self._adoption.keep(LaneDecision(1, "One lane was asked for."))
        self._runs, self._spent = 0, 0.0
        self._weights = model.weight_bytes

    @property
    def count(self) -> int | None:
        """Number of lanes in use; None before it is decided."""
        decision = self._adoption.kept
        return None if decision is None else decision.lanes

    def decide(self, golden: Tensors) -> LaneDecision:
        """Return how many lanes to use; tries them with a golden run if that is undecided.

        Args:
            golden: the golden inputs by name, maybe among others.
        """
        inputs = {name: golden[name] for name in self._inputs}
        decision = self._adoption.try_once(lambda: self._try_lanes(inputs), wait=True)
        return decision or LaneDecision(1)

    def run_one(self, values: Tensors) -> dict[str, np.ndarray]:
        """Run one lane on values of your own.

        Args:
            values: the inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        return self._session.run(values)

    def run(
        self, goldens: Sequence[Tensors], patches: Sequence[Mapping[str, LanePatch]]
    ) -> Iterator[dict[str, np.ndarray] | None]:
        """Yield the outputs of each lane, None where ONNX Runtime refuses to run it.

        Args:
            goldens: the golden inputs of each lane by name, maybe among others; of the same shapes
                in all of them, and with the same values of the shared inputs.
            patches: the patches of each lane by name.
        """
        workspace, start = Workspace(), 0
        while start < len(patches):
            end = start + min(self._lanes_for(goldens[start]), len(patches) - start)
            if not self._session.mixes:
                one = goldens[start]
                end = next((x for x in range(start, end) if goldens[x] is not one), end)
            yield from self._run_batch(goldens[start:end], patches[start:end], workspace)
            start = end

    def _run_batch(
        self,
        goldens: Sequence[Tensors],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> list[dict[str, np.ndarray] | None]:
        count, undecided = len(patches), self._adoption.is_open
        start = self._stopwatch.now() if undecided else 0.0
        try:
            outputs = self._session.run_patched(goldens, patches, workspace)
        except InputError:
            if count == 1:
                return [None]
            # One of the lanes is at fault.
            singles = ((goldens[x : x + 1], patches[x : x + 1]) for x in range(count))
            return [y for x in singles for y in self._run_batch(*x, Workspace())]
        if undecided:
            self._runs += count
            self._spent += self._stopwatch.now() - start
        if count == 1:
            return [outputs]
        split = {
            name: array.reshape(count, len(array) // count, *array.shape[1:])
            for name, array in outputs.items()
        }
        return [{name: parts[lane] for name, parts in split.items()} for lane in range(count)]

    def _open(self, model: Model) -> LaneSession:
        if self._on_device:
            try:
                return DeviceLaneSession(model, self._patched, self._settings)
            except ModelFormatError:
                self._on_device = False  # an input has a dtype that NumPy lacks, for example
        return HostLaneSession(model, self._settings, shared=self._shared)

    def _lanes_for(self, golden: Tensors) -> int:
        if self._adoption.is_open and self._settings.lanes == "auto" and self._is_early():
            return 1
        return self.decide(golden).lanes

    def _is_early(self) -> bool:
        """Return whether to wait with the trial, judged by how much time lanes can save."""
        policy = self._policy
        if self._runs < policy.runs_before_lanes:
            return True
        seconds = self._spent / max(1, self._runs)
        can_pay = seconds < policy.short_run or self._mostly_reads_weights(seconds)
        one_thread = self._settings.provider == "cpu" and self._settings.threads == 1
        return one_thread and not can_pay and self._runs < policy.runs_before_long_lanes

    def _mostly_reads_weights(self, seconds: float) -> bool:
        return self._weights / self._policy.weight_rate > seconds / 2

    def _most_lanes(self, golden: Tensors) -> int:
        """Return the number of lanes asked for, or the most that a batch has room for."""
        if self._settings.lanes != "auto":
            return self._settings.lanes
        size = sum(x.nbytes for x in golden.values())
        return min(self._policy.most_lanes, self._policy.batch_bytes // max(1, size))

    def _worthwhile(self, seconds: float) -> int:
        """Return how many lanes can pay for single runs of some seconds."""
        policy = self._policy
        if seconds < policy.short_run:
            return policy.most_lanes
        medium = seconds < policy.medium_run or self._mostly_reads_weights(seconds)
        return policy.medium_lanes if medium else policy.few_lanes

    def _try_lanes(self, golden: Tensors) -> LaneDecision:
        """Return how many lanes to use, after a comparison with single runs."""
        in_lanes = {name: x for name, x in golden.items() if name not in self._shared}
        obstacle = no_batch(in_lanes)
        if obstacle is not None:
            return LaneDecision(1, obstacle)
        lanes = self._most_lanes(in_lanes)
        kinds = self._different_lanes(golden)
        try:
            freed = with_free_batch(
                self._model, shared=self._shared, one_thread=self._settings.one_thread
            )
            single = [self._session.run(x) for x in kinds]
            seconds = self._settings.seconds(lambda: self._session.run(kinds[0]))
            if self._settings.lanes == "auto":
                lanes = min(lanes, self._worthwhile(seconds))
            if lanes < 2:
                return LaneDecision.too_large(self._policy.batch_bytes)
            batched = self._open(freed)
            trial = LaneTrial(batched, kinds, single, self._patched)
            differing = trial.differing(lanes)
            if differing is not None:
                return LaneDecision.other_bits(lanes, differing)
            batch_seconds = self._settings.seconds(lambda: trial.run_golden(lanes))
            if self._settings.lanes == "auto" and batch_seconds > lanes * seconds:
                return LaneDecision.slower(lanes, batch_seconds, lanes * seconds)
            # The last batch of a block is smaller, and one lane needs no session of its own.
            for count in {1, 2, 3, lanes // 2 + 1} - {lanes}:
                differing = trial.differing(count)
                if differing is not None:
                    return LaneDecision.other_bits(count, differing)
        except (InputError, ModelFormatError) as error:
            return LaneDecision(1, str(error))
        self._session = batched
        return LaneDecision(lanes)

    def _different_lanes(self, golden: Tensors) -> list[Tensors]:
        """Return golden inputs to try: they differ wherever lanes of a batch may differ."""
        rng = np.random.default_rng(0)
        kinds = [
            {
                name: x if name in self._shared else perturbed(x, rng, signed=signed)
                for name, x in golden.items()
            }
            for signed in (False, True, False, True)
        ]
        if self._session.mixes:
            return [*kinds]
        return [{**kinds[0], **{name: x[name] for name in self._patched}} for x in kinds]
