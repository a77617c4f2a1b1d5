"""Lays out the route of a stage: its entries, and the phases at each of them."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Literal

import numpy as np

from onnxfi.errors import ModelFormatError
from onnxfi.graph import Model, sizes_depend_on
from onnxfi.suffix.batch import Batch
from onnxfi.suffix.cuts.check import gives_the_same, is_known
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.phases.checkpoint import Checkpoint
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.limited import Limited
from onnxfi.suffix.phases.lookahead import Lookahead
from onnxfi.suffix.phases.phase import Entry, Phase
from onnxfi.suffix.phases.push import Push
from onnxfi.suffix.phases.region import PushRegion, find_push_region
from onnxfi.suffix.phases.shared_weights import SharedWeights
from onnxfi.suffix.phases.whole_region import WholeRegion
from onnxfi.suffix.phases.windows import Windows
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import Adoption
from onnxfi.surgery import Stage

# The order of entries along the route.
_TARGETS, _REGION, _LOOKAHEAD, _WINDOWS, _CHECKPOINT = range(5)
_Way = Literal["whole", "sparse"]
_logger = logging.getLogger("onnxfi")


class Route:
    """The way of corruptions through a stage; safe to use from several threads at once.

    From the targets, lanes cross the push region, as sparse patches or on whole tensors, and then
    the rest of the stage. Wide corruptions of light models may instead run the whole stage in
    lanes, if that was seen to be faster.

    Attributes:
        region: the push region.
        entry: the entry at the targets.
    """

    def __init__(self, stage: Stage, settings: RunSettings) -> None:
        """Open the sessions.

        Args:
            stage: the stage.
            settings: how to run.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the stage.
        """
        self._stage = stage
        self._settings = settings
        self._outputs = tuple(x.name or "" for x in stage.model.graph.outputs)
        self._targets = tuple(x.tensor for x in stage.targets)
        self._inputs = tuple(x.name or "" for x in stage.model.graph.inputs)
        region = find_push_region(
            stage, propagation=settings.propagation, provider=settings.provider
        )
        pushed = [x.name for x in region.model.graph.inputs if x.name in self._targets]
        if settings.limits is not None and sizes_depend_on(region.model, pushed):
            region = find_push_region(stage, propagation=False)
        self._lay_out(region)
        self._cut = Adoption[PushRegion]()
        if is_known(region) and settings.provider == "cpu":
            self._cut.keep(region)
        self._whole = Adoption[Entry]()
        if not self._may_run_whole():
            self._whole.drop()
        # Seconds that an injection took, in each way.
        self._seconds: dict[_Way, list[float]] = {"whole": [], "sparse": []}

    def _lay_out(self, region: PushRegion) -> None:
        """Open the sessions of a push region, and of the rest of the stage behind it."""
        settings = self._settings
        self.region = region
        behind: Entry | None = None
        try:
            if region.behind.graph.outputs:
                behind = _open_rest(region.behind, region.entry, settings)
            whole_region = WholeRegion(region, behind, settings)
        except ModelFormatError as error:
            names = " and ".join(map(repr, self._targets))
            raise ModelFormatError(
                f"What follows the target {names} must run with the target as its input. {error}"
            ) from error
        phases: list[Phase] = [Push(region, behind, settings.policy), whole_region]
        shares = settings.limits is None and all(x.kind == "weight" for x in self._stage.targets)
        if shares:
            run = whole_region.run_whole
            phases.insert(0, SharedWeights(self._stage.model, self._targets, run, settings))
        self.entry = Entry(self._targets, self._inputs, phases, depth=_TARGETS, joins=shares)

    def run_golden(self, values: Tensors) -> dict[str, np.ndarray]:
        """Run the stage on whole tensors, without a limit, and return all that it computes.

        Args:
            values: the stage's inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        if self._cut.is_open:
            self._cut.try_once(lambda: self._check_cut(values), wait=True)
        return self.entry.run_whole(values)

    def run_faulty(self, values: Tensors) -> dict[str, np.ndarray]:
        """Run the stage as `run_golden` does, within the limits.

        Raises:
            InputError: ONNX Runtime refuses a value, or a limit is exceeded.
        """
        return self.entry.run_whole(values, faulty=True)

    def _check_cut(self, values: Tensors) -> PushRegion:
        """Return the region; one without nodes if it leaves other bits than the whole stage has."""
        if not gives_the_same(self.entry.run_whole, self._stage.model, values, self._settings):
            _logger.debug("No push region behind %s: a fusion crosses its end.", self._targets)
            self._whole.drop()
            self._lay_out(find_push_region(self._stage, propagation=False))
        return self.region

    def _may_run_whole(self) -> bool:
        settings, policy = self._settings, self._settings.policy
        return (
            settings.shortcuts
            and settings.limits is None
            and policy.allows("whole")
            and bool(self.region.nodes and self._outputs)
            and self._stage.model.weight_bytes <= policy.whole_stage_bytes
        )

    @contextmanager
    def choose(self, batches: Sequence[Batch]) -> Iterator[Entry]:
        """Yield the entry at which batches begin, and measure the time until they are done.

        Both ways are exact: lanes of the whole stage, and sparse patches. The first blocks of wide
        corruptions take turns; then the faster way is kept.

        Args:
            batches: the lanes of some golden runs.
        """
        policy = self._settings.policy
        wide = self._whole.state != "dropped" and all(
            sites.mean() > policy.wide_sites for x in batches for sites in x.sites().values()
        )
        whole = self._whole.try_once(self._open_whole, wait=True) if wide else None
        if whole is None:
            yield self.entry
            return
        way = self._next_way()
        stopwatch = self._settings.stopwatch
        start = stopwatch.now()
        yield whole if way == "whole" else self.entry
        if len(self._seconds[way]) < policy.whole_stage_blocks:
            self._seconds[way].append((stopwatch.now() - start) / sum(map(len, batches)))

    def _open_whole(self) -> Entry:
        dense = Dense(self._stage.model, self._targets, self._settings)
        return Entry(self._targets, self._inputs, [dense], depth=_TARGETS)

    def _next_way(self) -> _Way:
        """Return the way that was tried less, and the faster one in the end."""
        if self._settings.policy.forced == "whole":
            return "whole"
        tries = {way: len(x) for way, x in self._seconds.items()}
        if min(tries.values()) < self._settings.policy.whole_stage_blocks:
            return min(tries, key=lambda way: tries[way])
        return min(self._seconds, key=lambda way: min(self._seconds[way]))


def _open_rest(model: Model, tensors: Sequence[str], settings: RunSettings) -> Entry:
    """Return the entry behind the push region."""
    inputs = [x.name or "" for x in model.graph.inputs]
    if settings.limits is not None:
        limited = Limited(model, settings.limits, settings)
        return Entry(tensors, inputs, [limited], depth=_REGION)
    dense = Dense(model, tensors, settings)
    behind_windows = partial(_open_behind_windows, settings)
    behind_checkpoint = partial(_open_behind_checkpoint, settings)
    windows = Windows(model, tensors, dense, behind_windows, settings)
    checkpoint = Checkpoint(model, tensors, dense, behind_checkpoint, settings)
    phases = _on_route(settings, windows, checkpoint, dense)
    behind = Entry(tensors, inputs, phases, depth=_LOOKAHEAD)
    lookahead = Lookahead(model, behind, settings)
    return Entry(tensors, inputs, _on_route(settings, lookahead, *phases), depth=_REGION)


def _open_behind_windows(settings: RunSettings, model: Model, tensors: Sequence[str]) -> Entry:
    dense = Dense(model, tensors, settings)
    behind_checkpoint = partial(_open_behind_checkpoint, settings)
    checkpoint = Checkpoint(model, tensors, dense, behind_checkpoint, settings)
    return _late_entry(model, tensors, _on_route(settings, checkpoint, dense), depth=_WINDOWS)


def _open_behind_checkpoint(settings: RunSettings, model: Model, tensors: Sequence[str]) -> Entry:
    return _late_entry(model, tensors, [Dense(model, tensors, settings)], depth=_CHECKPOINT)


def _late_entry(
    model: Model, tensors: Sequence[str], phases: Sequence[Phase], *, depth: int
) -> Entry:
    """Return an entry that lanes reach with large patches."""
    inputs = [x.name or "" for x in model.graph.inputs]
    return Entry(tensors, inputs, phases, depth=depth, waits_for_more=False)


def _on_route(settings: RunSettings, *phases: Phase) -> list[Phase]:
    """Return the phases that are exact on the provider, and that may be tried."""
    return [
        x
        for x in phases
        if isinstance(x, Dense) or (settings.shortcuts and settings.provider in x.exact_on)
    ]
