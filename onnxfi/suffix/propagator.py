"""Pushing corruptions through a region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxfi.error_models import Corruption
from onnxfi.suffix.patches import Patches
from onnxfi.suffix.phases.region import Region, Step
from onnxfi.suffix.rules import InexactError, Operand


@dataclass(frozen=True, eq=False, slots=True)
class Pushed:
    """What is left of corruptions after a region.

    Attributes:
        patches: the patches of each tensor, by name; without those of refused lanes.
        refused: lanes that no rule can push exactly; they must run densely from the targets on.
        masked_at: for each lane the name of the tensor in which nothing was left of its corruption;
            None for those that left the region, and for refused ones.
    """

    patches: Mapping[str, Patches]
    refused: frozenset[int]
    masked_at: list[str | None]

    def surviving(self, names: Sequence[str], golden: Mapping[str, np.ndarray]) -> list[int]:
        """Return the lanes in which any of some tensors differs from golden, in order."""
        lanes = [
            np.unique(self.patches[name].keys // golden[name].size)
            for name in names
            if name in self.patches
        ]
        return np.unique(np.concatenate(lanes)).tolist() if lanes else []


class Propagator:
    """Pushes the corruptions of several lanes through a region at once."""

    def __init__(self, region: Region) -> None:
        """Keep the region."""
        self._region = region
        # The targets and the outputs of the steps by number, and where each is read last. At -1,
        # for corruptions that change nothing, the first target itself.
        self._numbers = {name: n for n, name in enumerate(region.tensors)}
        readers = {name: step.output for step in region.steps for name in step.inputs}
        self._ends = [*(readers.get(x, x) for x in region.tensors), region.tensors[0]]

    def push(
        self, corruptions: Mapping[str, Sequence[Corruption]], golden: Mapping[str, np.ndarray]
    ) -> Pushed:
        """Push corruptions as far as the region reaches.

        Args:
            corruptions: for each target, by name, one corruption in each lane.
            golden: the golden values of the targets, of the stage's other inputs and of the steps'
                outputs, by name; C-contiguous.
        """
        known = {**golden, **self._region.constants}
        lanes = len(next(iter(corruptions.values())))
        patches = {}
        # Where each lane was last seen: at first in a target, then behind a step.
        seen = np.full(lanes, -1)
        for name, of_lanes in corruptions.items():
            made = Patches.of(of_lanes, known[name].size).differing(known[name])
            if made.keys.size:
                patches[name] = made
                seen[made.keys // known[name].size] = self._numbers[name]
        refused: set[int] = set()
        for step in self._region.steps:
            output = self._push_step(step, known, patches, refused)
            if output is not None and output.keys.size:
                patches[step.output] = output
                seen[output.keys // known[step.output].size] = self._numbers[step.output]
        pushed = Pushed(patches, frozenset(refused), [self._ends[x] for x in seen.tolist()])
        left = pushed.surviving((*self._region.frontier, *self._region.outputs), known)
        for lane in (*left, *refused):
            pushed.masked_at[lane] = None
        return pushed

    def _push_step(
        self,
        step: Step,
        known: Mapping[str, np.ndarray],
        patches: dict[str, Patches],
        refused: set[int],
    ) -> Patches | None:
        """Return the patches of a step's output; refused lanes leave all patches."""
        while any(name in patches for name in step.inputs):
            operands = [
                Operand(known[name], patches.get(name)) if name else None for name in step.inputs
            ]
            try:
                return step.rule(operands, known[step.output]).differing(known[step.output])
            except InexactError as error:
                refused.update(error.lanes.tolist())
                for name in list(patches):
                    kept = patches[name].without_lanes(error.lanes, known[name].size)
                    if kept.keys.size:
                        patches[name] = kept
                    else:
                        del patches[name]
        return None
