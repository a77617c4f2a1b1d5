"""Runs several inputs with one faulty weight as one batch."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from onnxfi.graph import Model
from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.lanes import Lanes, Workspace
from onnxfi.suffix.patches import LanePatch
from onnxfi.suffix.phases.phase import Phase, shapes_of
from onnxfi.suffix.run_settings import RunSettings


class SharedWeights(Phase):
    """Runs a stage whose targets are weights: inputs with the same fault share a batch."""

    def __init__(
        self,
        model: Model,
        weights: Collection[str],
        run_single: Callable[[Tensors], dict[str, np.ndarray]],
        settings: RunSettings,
    ) -> None:
        """Keep the stage; a session for batches is opened when several inputs share a fault.

        Args:
            model: the stage; takes the weights as inputs.
            weights: names of the weights.
            run_single: runs the stage for one input.
            settings: how to run.
        """
        self._weights = tuple(weights)
        self._outputs = tuple(x.name or "" for x in model.graph.outputs)
        self._inputs = tuple(x.name or "" for x in model.graph.inputs)
        self._lanes = Lanes(
            model, (), settings, shared=self._weights, single=_SingleRuns(run_single)
        )

    def wanted(self, batch: Batch) -> np.ndarray:
        """Return the lanes whose fault hits another lane too."""
        if len(set(map(id, batch.goldens))) == 1:
            return np.zeros(len(batch), bool)
        keys = self._keys(batch)
        count = Counter(keys)
        return np.array([count[key] > 1 for key in keys])

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """Yield the lanes of each fault."""
        members: dict[object, list[int]] = {}
        for position, key in enumerate(self._keys(batch)):
            members.setdefault(key, []).append(position)
        yield from (batch.select(positions) for positions in members.values())

    def run(self, batch: Batch) -> Advanced:
        """Run the inputs of one fault."""
        golden = batch.goldens[0].values
        faulty = {name: x.applied(golden[name]) for name, x in batch.by_lane[0].items()}
        ran = self._lanes.run([{**x.values, **faulty} for x in batch.goldens], [{}] * len(batch))
        return Advanced(
            {
                lane: LaneResult(None if made is None else {x: made[x] for x in self._outputs})
                for lane, made in zip(batch.lanes, ran, strict=True)
            }
        )

    def _keys(self, batch: Batch) -> list[object]:
        """Return the fault of each lane, and the shapes in which the lanes of a batch agree."""
        return [
            (
                shapes_of(golden, self._inputs),
                *((x, y.values.tobytes(), np.asarray(y.place).tobytes()) for x, y in one.items()),
            )
            for golden, one in zip(batch.goldens, batch.by_lane, strict=True)
        ]


class _SingleRuns:
    """Runs one lane in the sessions of the stage."""

    mixes = True

    def __init__(self, run: Callable[[Tensors], dict[str, np.ndarray]]) -> None:
        self.run = run

    def run_patched(
        self,
        goldens: Sequence[Tensors],
        patches: Sequence[Mapping[str, LanePatch]],
        workspace: Workspace,
    ) -> dict[str, np.ndarray]:
        """Run the only lane, which has no patches."""
        return self.run(goldens[0])
