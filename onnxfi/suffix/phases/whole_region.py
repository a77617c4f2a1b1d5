"""Computes the push region on whole tensors, for corruptions that are not pushed."""

from collections.abc import Iterator

import numpy as np

from onnxfi.errors import InputError
from onnxfi.runtime import Session
from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.patches import LanePatch, Patches
from onnxfi.suffix.phases.phase import Entry, Phase
from onnxfi.suffix.phases.region import PushRegion
from onnxfi.suffix.policy import Policy
from onnxfi.suffix.run_settings import RunSettings


class WholeRegion(Phase):
    """Runs the nodes of a push region, one lane after the other.

    Where few elements differ behind the region, the lane goes on as sparse patches.
    """

    computes_whole_tensors = True

    def __init__(self, region: PushRegion, behind: Entry | None, settings: RunSettings) -> None:
        """Open a session, if the region has nodes.

        Args:
            region: the push region.
            behind: the entry behind it; None where the region reaches all outputs.
            settings: how to run.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the region.
        """
        self.behind = behind
        self._region = region
        self._policy: Policy = settings.policy
        self._session: Session | None = settings.open(region.model) if region.nodes else None
        self._inputs = tuple(x.name or "" for x in region.model.graph.inputs)

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """Yield one lane after the other: whole tensors take much memory."""
        yield from (batch.select([position]) for position in range(len(batch)))

    def run(self, batch: Batch) -> Advanced:
        """Run one lane."""
        (lane,) = batch.lanes
        golden, values = batch.goldens[0].values, batch.values(0)
        try:
            values |= self._compute(values)
        except InputError as error:
            return Advanced({lane: LaneResult.failed(error)})
        made = {lane: {name: values[name] for name in self._region.outputs}}
        entry = self._region.entry
        differing = {x: Patches.between(golden[x], values[x]) for x in entry}
        sites = sum(x.keys.size for x in differing.values())
        if not sites:
            outputs = made[lane]
            return Advanced({lane: LaneResult(outputs, None if outputs else entry[0])})
        dense = sites > self._policy.patched_share * sum(golden[x].size for x in entry)
        patches = (
            {x: LanePatch((slice(None),) * values[x].ndim, values[x]) for x in entry}
            if dense
            else {x: y.lanes(golden[x].size)[0] for x, y in differing.items() if y.keys.size}
        )
        return Advanced({}, batch.onward([0], by_lane=[patches], made=made, dense=dense))

    def run_whole(self, values: Tensors, *, faulty: bool = False) -> dict[str, np.ndarray]:
        """Run the stage: the nodes, and all that follows them."""
        made = self._compute(values)
        if self.behind is not None:
            made |= self.behind.run_whole({**values, **made}, faulty=faulty)
        # Targets may be outputs themselves.
        return {name: values[name] for name in self._region.outputs if name in values} | made

    def _compute(self, values: Tensors) -> dict[str, np.ndarray]:
        """Return the outputs of the nodes by name."""
        if self._session is None:
            return {}
        return self._session.run({name: values[name] for name in self._inputs})
