"""Propagates changes on cropped windows instead of whole images, where that pays."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model, rounds_coarsely
from onnxfi.runtime import copy_from_runtime, give_back_memory
from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.golden_tensors import GoldenTensors, Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases.dense import Dense
from onnxfi.suffix.phases.phase import Entry, Phase
from onnxfi.suffix.run_settings import RunSettings
from onnxfi.suffix.trial import Adoption
from onnxfi.suffix.windows import (
    NoWindowsError,
    Piece,
    Windowed,
    choose_pieces,
    find_pieces,
    model_behind,
)
from onnxfi.suffix.windows.trial import WindowTrial

_logger = logging.getLogger("onnxfi")


@dataclass(frozen=True, eq=False, slots=True)
class _Adopted:
    """Windows that pay.

    Attributes:
        windowed: carries changes through the pieces.
        behind: the entry behind the last piece; None where nothing follows.
        outputs: names of the model's outputs that the pieces make.
        most_work: the work up to which windows take less time than dense runs.
    """

    windowed: Windowed
    behind: Entry | None
    outputs: tuple[str, ...]
    most_work: float


class Windows(Phase):
    """Carries changes through the first pieces of a model.

    They are used only where they were seen to give, bit by bit, what dense runs give.
    """

    exact_on = frozenset(("cpu",))

    def __init__(
        self,
        model: Model,
        tensors: Sequence[str],
        dense: Dense,
        open_behind: Callable[[Model, Sequence[str]], Entry],
        settings: RunSettings,
    ) -> None:
        """Keep the model; sessions are opened by the trial.

        Args:
            model: all that follows the entry.
            tensors: the names of its inputs that carry patches.
            dense: runs the model; it is closed once windows take its place.
            open_behind: makes the entry of a remaining model, given the names of its inputs that
                carry patches.
            settings: how to run.
        """
        self._model = model
        self._tensors = tuple(tensors)
        self._dense = dense
        self._open_behind = open_behind
        self._settings = settings
        self._policy = settings.policy
        self._adoption = Adoption[_Adopted]()
        self._seen = 0

    @property
    def lanes_to_watch(self) -> int:
        """Lanes that must run before windows are tried; 0 where they paid at another target."""
        if self._settings.experience.window_work is not None:
            return 0
        if not self._adoption.is_open or self._settings.lanes != "auto":
            return 0
        return max(0, self._policy.runs_before_windows - self._seen)

    def wanted(self, batch: Batch) -> np.ndarray:
        """Return the lanes for which windows take less time than a dense run."""
        adopted = None
        if self.lanes_to_watch:
            self._seen += len(batch)
        else:
            adopted = self._adoption.try_once(lambda: self._try(batch))
        if adopted is None:
            return np.zeros(len(batch), bool)
        self.behind = adopted.behind
        return adopted.windowed.work(batch.by_tensor, _shapes(batch)) <= adopted.most_work

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """Yield lanes whose windows are about one size."""
        for positions in self._adopted.windowed.groups(batch.by_tensor, batch.goldens):
            yield batch.select(positions)

    def run(self, batch: Batch) -> Advanced:
        """Compute the windows of all lanes at once."""
        adopted = self._adopted
        try:
            goldens = [self._with_images(x, adopted.windowed) for x in batch.goldens]
            changes = adopted.windowed.run([x.values for x in goldens], batch.by_tensor)
        except (NoWindowsError, InputError) as error:
            _logger.debug("No windows: %s", error)
            return Advanced({}, None, batch)
        masked = LaneResult({}, adopted.windowed.cut[0])
        done = {lane: masked for n, lane in enumerate(batch.lanes) if n not in changes}
        made = {
            batch.lanes[n]: {
                x: change[x].applied(goldens[n].values[x]) for x in adopted.outputs if x in change
            }
            for n, change in changes.items()
        }
        if adopted.behind is None:
            return Advanced(done | {lane: LaneResult(x) for lane, x in made.items()})
        if not changes:
            return Advanced(done)
        left = batch.onward(
            list(changes),
            by_lane=[changes[n] for n in changes],
            made={lane: x for lane, x in made.items() if x},
            goldens=[goldens[n] for n in changes],
        )
        return Advanced(done, left)

    def run_whole(self, values: Tensors, *, faulty: bool = False) -> dict[str, np.ndarray] | None:
        """Run the pieces on whole images, once they have taken the place of the dense session."""
        adopted = self._adoption.kept
        if adopted is None or self._dense.is_open:
            return None
        made = adopted.windowed.run_whole(values)
        if adopted.behind is not None:
            made |= adopted.behind.run_whole({**values, **made})
        return made

    @property
    def _adopted(self) -> _Adopted:
        adopted = self._adoption.kept
        assert adopted is not None, "Only lanes that windows want come here."
        return adopted

    def _with_images(self, golden: GoldenTensors, windowed: Windowed) -> GoldenTensors:
        """Return a golden run with the images that the pieces make, which are computed once."""
        return golden.recall(self, lambda values: copy_from_runtime(windowed.run_whole(values)))

    def _try(self, batch: Batch) -> _Adopted | None:
        """Return windows that give the bits of dense runs, in less time for a single place."""
        golden = batch.goldens[0]
        images = [golden.values[name] for name in self._tensors]
        if any(x.ndim != 4 or len(x) != 1 or x.dtype.kind not in "fiu" for x in images):
            return None
        try:
            adopted = self._compare(golden, batch.by_lane[0])
        except (InputError, ModelFormatError, NoWindowsError) as error:
            _logger.debug("No windows: %s", error)
            return None
        self._settings.experience.window_work = None if adopted is None else adopted.most_work
        if adopted is not None:
            self._dense.close()
            give_back_memory()
        return adopted

    def _compare(self, golden: GoldenTensors, patches: Mapping[str, LanePatch]) -> _Adopted | None:
        """Return windows that pay; where they paid at another target, few lanes are compared."""
        pieces = find_pieces(self._model, self._tensors)
        chosen = [*takewhile(_may_keep_bits, choose_pieces(pieces, self._policy))]
        if not chosen:
            return None
        windowed = Windowed(chosen, threads=self._settings.threads, policy=self._policy)
        remainder = model_behind(self._model, chosen)
        cut = [x.name for x in remainder.graph.inputs if x.name in windowed.cut]
        behind = self._open_behind(remainder, cut) if remainder.graph.outputs else None
        trial = WindowTrial(
            windowed,
            whole=self._dense.run_whole,
            behind=None if behind is None else behind.run_whole,
            tensors=self._tensors,
            settings=self._settings,
        )
        values = self._with_images(golden, windowed).values
        most_work = self._settings.experience.window_work
        if most_work is None:
            most_work = trial.largest_work(values)
        elif not trial.is_exact(values, patches):
            most_work = None
        if most_work is None:
            return None
        outputs = {x.name for x in self._model.graph.outputs}
        return _Adopted(windowed, behind, tuple(x for x in windowed.cut if x in outputs), most_work)


def _shapes(batch: Batch) -> dict[str, tuple[int, ...]]:
    return {name: batch.goldens[0].values[name].shape for name in batch.by_tensor}


def _may_keep_bits(piece: Piece) -> bool:
    """Return whether windows of a piece may have the bits of whole images.

    ONNX Runtime adds up in an order that depends on the size of an image. Where sums are rounded
    coarsely, a trial of few lanes might miss the difference.
    """
    graph = piece.model.graph
    convolves = any(x.op_type in ("Conv", "ConvTranspose") for x in graph)
    return not (convolves and rounds_coarsely(graph))
