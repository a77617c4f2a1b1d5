"""Pushes corruptions through the push region as sparse patches."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from onnxfi.suffix.batch import Advanced, Batch
from onnxfi.suffix.golden_tensors import Tensors
from onnxfi.suffix.lane_result import LaneResult
from onnxfi.suffix.patches import LanePatch, Patches
from onnxfi.suffix.phases.phase import Entry, Phase
from onnxfi.suffix.phases.region import PushedNode, PushRegion
from onnxfi.suffix.policy import Policy
from onnxfi.suffix.rules import InexactError, Operand


class Push(Phase):
    """Carries patches through the nodes of a push region, many lanes at once."""

    def __init__(self, region: PushRegion, behind: Entry | None, policy: Policy) -> None:
        """Keep the region.

        Args:
            region: the push region.
            behind: the entry behind it; None where the region reaches all outputs.
            policy: the thresholds.
        """
        self.behind = behind
        self._region = region
        self._policy = policy
        # The targets and the outputs of the nodes by number, and where each is read last. At -1,
        # for corruptions that change nothing, the first target itself.
        self._numbers = {name: n for n, name in enumerate(region.tensors)}
        readers = {name: node.output for node in region.nodes for name in node.inputs}
        ends = [*(readers.get(x, x) for x in region.tensors), region.tensors[0]]
        self._masked = [LaneResult({}, name) for name in ends]

    def wanted(self, batch: Batch) -> np.ndarray:
        """Return the lanes whose corruptions are small enough at every target."""
        few = np.ones(len(batch), bool)
        if self._region.nodes:
            for name, sites in batch.sites().items():
                size = batch.goldens[0].values[name].size
                few &= sites <= max(self._policy.pushed_sites, size * self._policy.pushed_share)
        return few

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """Yield the lanes of each golden run, with which the nodes compute."""
        for _, positions in groupby(range(len(batch)), lambda x: id(batch.goldens[x])):
            yield batch.select(list(positions))

    def run(self, batch: Batch) -> Advanced:
        """Push the corruptions of one golden run as far as the region reaches."""
        known = {**batch.goldens[0].values, **self._region.constants}
        pushed = _Pushed(known, self._numbers, len(batch))
        for name, corruptions in batch.by_tensor.items():
            pushed.add(name, corruptions.differing(known[name]))
        for node in self._region.nodes:
            pushed.push_through(node)
        left = pushed.lanes_at(self._region.entry)
        made: dict[int, dict[str, np.ndarray]] = defaultdict(dict)
        for name in self._region.outputs:
            for position, patch in pushed.of_lanes(name).items():
                made[batch.lanes[position]][name] = patch.applied(known[name])
        onward = {*left.tolist(), *pushed.refused}
        done = {
            lane: LaneResult(made[lane]) if lane in made else self._masked[last]
            for position, (lane, last) in enumerate(
                zip(batch.lanes, pushed.seen.tolist(), strict=True)
            )
            if position not in onward
        }
        refused = batch.select(sorted(pushed.refused)) if pushed.refused else None
        if not left.size:
            return Advanced(done, None, refused)
        behind = batch.onward(
            left.tolist(),
            by_tensor=pushed.renumbered(self._region.entry, left),
            made={lane: x for lane, x in made.items() if lane not in done},
        )
        return Advanced(done, behind, refused)


class _Pushed:
    """The patches of a batch on their way through a push region.

    Attributes:
        refused: lanes that no rule can push exactly; they have no patches.
        seen: the number of the last tensor that differed from golden, for each lane; -1 where none
            did, int64, shape ``(lanes,)``.
    """

    def __init__(self, known: Tensors, numbers: Mapping[str, int], lanes: int) -> None:
        """Begin without patches.

        Args:
            known: the golden tensors and the constants that the nodes read, by name.
            numbers: the number of each tensor that can have patches.
            lanes: number of lanes.
        """
        self.refused: set[int] = set()
        self.seen = np.full(lanes, -1)
        self._known = known
        self._numbers = numbers
        self._patches: dict[str, Patches] = {}

    def add(self, tensor: str, patches: Patches) -> None:
        """Take the patches of a tensor."""
        if patches.keys.size:
            self._patches[tensor] = patches
            self.seen[patches.keys // self._known[tensor].size] = self._numbers[tensor]

    def push_through(self, node: PushedNode) -> None:
        """Compute the patches of a node's output."""
        known, golden = self._known, self._known[node.output]
        while any(name in self._patches for name in node.inputs):
            operands = [Operand(known[x], self._patches.get(x)) if x else None for x in node.inputs]
            try:
                return self.add(node.output, node.rule(operands, golden).differing(golden))
            except InexactError as error:
                self._refuse(error.lanes)
        return None

    def _refuse(self, lanes: np.ndarray) -> None:
        self.refused.update(lanes.tolist())
        for name, patches in list(self._patches.items()):
            kept = patches.without_lanes(lanes, self._known[name].size)
            if kept.keys.size:
                self._patches[name] = kept
            else:
                del self._patches[name]

    def of_lanes(self, tensor: str) -> dict[int, LanePatch]:
        """Return the patch of each lane that has one at a tensor."""
        patches = self._patches.get(tensor)
        return {} if patches is None else patches.lanes(self._known[tensor].size)

    def lanes_at(self, tensors: Sequence[str]) -> np.ndarray:
        """Return the lanes that have a patch at any of some tensors, ascending."""
        lanes = [
            np.unique(self._patches[x].keys // self._known[x].size)
            for x in tensors
            if x in self._patches
        ]
        return np.unique(np.concatenate(lanes)) if lanes else np.zeros(0, np.int64)

    def renumbered(self, tensors: Sequence[str], lanes: np.ndarray) -> dict[str, Patches]:
        """Return the patches at some tensors, with lanes counted by their places in `lanes`."""
        return {
            x: self._patches[x].renumbered(lanes, self._known[x].size)
            for x in tensors
            if x in self._patches
        }
