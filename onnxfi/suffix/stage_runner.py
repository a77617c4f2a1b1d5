"""Running one stage of a split: densely, or from sparse patches in lanes."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.graph.size_dependence import sizes_depend_on
from onnxfi.runtime import Session
from onnxfi.runtime.limits import Limits
from onnxfi.suffix import Patches, Propagator, Pushed, Region, Values, find_region
from onnxfi.suffix.corrupted_run import CorruptedRun
from onnxfi.suffix.cut_check import gives_the_same, is_known
from onnxfi.suffix.lane_result import LaneResult, failure_of
from onnxfi.suffix.lanes.input_lanes import InputLanes
from onnxfi.suffix.limited_rest import LimitedRest
from onnxfi.suffix.rest import Rest
from onnxfi.suffix.whole_stage import WholeStage
from onnxfi.surgery import Stage

# To push more sites than this share of a target costs more than to compute the whole tensors, but
# some sites cost nothing to speak of.
_MOST_PUSHED, _PUSHED_ANYWAY = 1 / 200, 2048
# The same behind the region: patches of more are slower than whole tensors.
_MOST_LEFT = 1 / 8
_logger = logging.getLogger("onnxfi")


@dataclass(frozen=True, eq=False, slots=True)
class _PushedRun:
    """What is left behind the region of some corruptions of a run.

    Attributes:
        number: which of the runs.
        lanes: the places of these corruptions in it, int64.
        patches: what is left, one lane for each, by the name of the tensor.
    """

    number: int
    lanes: np.ndarray
    patches: Mapping[str, Patches]


class StageRunner:
    """Runs a stage; safe to use from several threads at once.

    The nodes right after the targets that corruptions can be pushed through (the region) and the
    rest have a session each. A dense run is one after the other; a sparse one pushes corruptions
    through the region, and runs the rest for the lanes in which something is left of them.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
        propagation: bool,
        shortcuts: bool,
        limits: Limits | None,
    ) -> None:
        """Open the sessions.

        Args:
            stage: the stage.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.
            propagation: whether to push corruptions; the rules are those of the CPU's kernels.
            shortcuts: whether to try windows of images and checkpoints behind the region; on the
                CPU only.
            limits: what a faulty execution may take; None where that needs no limit.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the stage.
        """
        self._outputs = tuple(x.name or "" for x in stage.model.graph.outputs)
        self._targets = tuple(x.tensor for x in stage.targets)
        self._stage = stage
        self._threads = threads
        self._limits = limits
        self._open_rest: Callable[[Model, Sequence[str]], Rest | LimitedRest] = (
            partial(Rest, provider=provider, threads=threads, lanes=lanes, shortcuts=shortcuts)
            if limits is None
            else partial(LimitedRest, provider=provider, threads=threads, limits=limits)
        )
        self._open_region = partial(Session, provider=provider, threads=threads)
        self._input_lanes = (
            InputLanes(stage.model, self._targets, provider=provider, threads=threads, lanes=lanes)
            if limits is None and all(x.kind == "weight" for x in stage.targets)
            else None
        )
        self._whole: WholeStage | None = None
        self._begin(find_region(stage, propagation=propagation and provider == "cpu"))
        pushed = [x for x in self._targets if x in self._region_inputs]
        if limits is not None and sizes_depend_on(self.region.model, pushed):
            self._begin(find_region(stage, propagation=False))
        if limits is None and shortcuts and self.region.steps and self._outputs:
            self._whole = WholeStage(stage, provider=provider, threads=threads, lanes=lanes)
        self._checked = is_known(self.region)
        self._checking = threading.Lock()

    def _begin(self, region: Region) -> None:
        """Open the sessions of a region and the rest."""
        self.region = region
        self._region_inputs = tuple(x.name or "" for x in region.model.graph.inputs)
        self._propagator = Propagator(region)
        try:
            self._region = self._open_region(region.model) if region.steps else None
            # Targets that reach no output have nothing to run after them.
            left = bool(region.rest.graph.outputs)
            self._rest = self._open_rest(region.rest, region.frontier) if left else None
        except ModelFormatError as error:
            names = " and ".join(map(repr, self._targets))
            raise ModelFormatError(
                f"What follows the target {names} must run with the target as its input. {error}"
            ) from error

    def _check(self, values: Mapping[str, np.ndarray]) -> None:
        """Do without a region if that leaves other bits than the whole stage has."""
        with self._checking:
            whole = self._stage.model
            if self._checked or gives_the_same(self._run, whole, values, threads=self._threads):
                self._checked = True
                return
            _logger.debug("No region behind %s: ONNX Runtime merges across it.", self._targets)
            self._whole = None
            self._begin(find_region(self._stage, propagation=False))
            self._checked = True

    def run(
        self, values: Mapping[str, np.ndarray], *, faulty: bool = False
    ) -> dict[str, np.ndarray]:
        """Run the stage densely and return all that it computes, by name.

        Args:
            values: the stage's inputs by name, maybe among others.
            faulty: whether limits hold.

        Raises:
            InputError: ONNX Runtime refuses a value, or a limit is exceeded.
        """
        if not self._checked:
            self._check(values)
        return self._run(values, faulty=faulty)

    def _run(
        self, values: Mapping[str, np.ndarray], *, faulty: bool = False
    ) -> dict[str, np.ndarray]:
        made = self._run_region(values)
        if self._rest is not None:
            limited = faulty and self._limits is not None
            run = self._rest.run_one if limited else self._rest.run_golden
            made |= run({**values, **made})
        # A target that is an output itself is handed through.
        return made | {name: values[name] for name in self._outputs if name in self._targets}

    def _run_region(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if self._region is None:
            return {}
        return self._region.run({name: values[name] for name in self._region_inputs})

    def run_corrupted(self, blocks: Sequence[CorruptedRun]) -> list[list[LaneResult]]:
        """Run the stage for several injections of some golden runs.

        Args:
            blocks: golden runs, each with the corruptions to try on it.

        Returns:
            What became of each corruption of each block.
        """
        if self._input_lanes is not None and len(blocks) > 1:
            return self._run_inputs_together(self._input_lanes, blocks)
        if self._whole is not None:
            return self._whole.run(blocks, self._run_sparsely)
        return self._run_sparsely(blocks)

    def _run_sparsely(self, blocks: Sequence[CorruptedRun]) -> list[list[LaneResult]]:
        """Push corruptions, and run the rest for those of which something is left."""
        results: list[list[LaneResult]] = [[LaneResult({})] * x.count for x in blocks]
        pushed: list[_PushedRun] = []
        for number, block in enumerate(blocks):
            few = self._which_to_push(block)
            dense = np.flatnonzero(~few).tolist()
            if few.any():
                some = {name: x.some(few) for name, x in block.corruptions.items()}
                one = self._propagator.push(some, block.golden)
                lanes = np.flatnonzero(few)
                pushed.append(_PushedRun(number, lanes, one.patches))
                known = {name: LaneResult({}, name) for name in set(one.masked_at)}
                for lane, masked_at in zip(lanes.tolist(), one.masked_at, strict=True):
                    results[number][lane] = known[masked_at]
                self._take_outputs(block, one, lanes, results[number])
                dense += lanes[sorted(one.refused)].tolist()
            for lane in dense:
                results[number][lane], left = self._run_densely(block, lane)
                if left:
                    pushed.append(_PushedRun(number, np.array([lane]), left))
        for number, lane, later in self._run_rest(blocks, pushed):
            results[number][lane] = results[number][lane].joined(later)
        return results

    def _run_inputs_together(
        self, lanes: InputLanes, blocks: Sequence[CorruptedRun]
    ) -> list[list[LaneResult]]:
        """Run the inputs that meet the same corruption of weights at once."""
        members: dict[object, list[tuple[int, int]]] = {}
        for number, block in enumerate(blocks):
            walk = zip(*(block.corruptions[name] for name in self._targets), strict=True)
            for place, hit in enumerate(walk):
                key = tuple((x.indices.tobytes(), x.values.tobytes()) for x in hit)
                members.setdefault(key, []).append((number, place))
        results: list[list[LaneResult]] = [[LaneResult({})] * x.count for x in blocks]
        for places in members.values():
            number, place = places[0]
            faulty = {
                name: blocks[number].corruptions[name][place].apply(blocks[number].golden[name])
                for name in self._targets
            }
            made = lanes.run([blocks[x].golden for x, _ in places], faulty, self.run)
            for (number, place), outputs in zip(places, made, strict=True):
                results[number][place] = LaneResult(
                    None if outputs is None else {name: outputs[name] for name in self._outputs}
                )
        return results

    def _which_to_push(self, block: CorruptedRun) -> np.ndarray:
        few = np.ones(block.count, bool)
        if self.region.steps:
            for name, corruptions in block.corruptions.items():
                most = max(_PUSHED_ANYWAY, block.golden[name].size * _MOST_PUSHED)
                few &= corruptions.sizes <= most
        return few

    def _take_outputs(
        self, block: CorruptedRun, pushed: Pushed, lanes: np.ndarray, results: list[LaneResult]
    ) -> None:
        """Take the outputs of the stage that lie in the region."""
        for name in self.region.outputs:
            if name in pushed.patches:
                golden = block.golden[name]
                for place, patch in pushed.patches[name].lanes(golden.size).items():
                    lane = int(lanes[place])
                    made = results[lane].outputs or {}
                    results[lane] = LaneResult({**made, name: patch.applied(golden)})

    def _run_rest(
        self, blocks: Sequence[CorruptedRun], pushed: Sequence[_PushedRun]
    ) -> Iterator[tuple[int, int, LaneResult]]:
        """Yield the block, the lane in it and what became in the rest of what left the region."""
        if self._rest is None:
            return
        alike: dict[object, list[_PushedRun]] = {}
        for one in pushed:
            if any(name in one.patches for name in self.region.frontier):
                alike.setdefault(self._rest.shapes(blocks[one.number].golden), []).append(one)
        for members in alike.values():
            goldens: list[Values] = []
            places: list[tuple[int, int]] = []
            patches: dict[str, list[Patches]] = {}
            for one in members:
                golden, found = blocks[one.number].golden, one.patches
                for name in self.region.frontier:
                    if name in found:
                        patch = found[name].from_lane(len(places), golden[name].size)
                        patches.setdefault(name, []).append(patch)
                goldens += [golden] * one.lanes.size
                places += [(one.number, lane) for lane in one.lanes.tolist()]
            joined = {name: Patches.joined(x) for name, x in patches.items()}
            for position, resumed in self._rest.run(goldens, joined):
                yield *places[position], resumed

    def _run_densely(
        self, block: CorruptedRun, lane: int
    ) -> tuple[LaneResult, dict[str, Patches] | None]:
        """Compute whole tensors of the region, and of the rest unless little differs before it.

        Returns:
            What became of the corruption so far, and what is left of it if the rest is to run.
        """
        golden = block.golden
        values = block.faulty(lane)
        try:
            values |= self._run_region(values)
            left = self._differing(golden, values)
            if left is None and self._rest is not None:
                values |= self._rest.run_one(values)
        except InputError as error:
            return LaneResult(None, failure=failure_of(error)), None
        names = self._outputs if left is None else self.region.outputs
        made = {name: values[name] for name in names}
        if left == {} and not self.region.outputs:
            return LaneResult({}, self.region.frontier[0]), None
        return LaneResult(made), left

    def _differing(self, golden: Values, values: Values) -> dict[str, Patches] | None:
        """Return what differs before the rest, by tensor; None if that is much."""
        left = {x: Patches.between(golden[x], values[x]) for x in self.region.frontier}
        sites = sum(x.keys.size for x in left.values())
        if sites > _MOST_LEFT * sum(golden[x].size for x in left):
            return None
        return {name: x for name, x in left.items() if x.keys.size}
