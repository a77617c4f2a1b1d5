"""Lists the faults that a search chooses from."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from onnxfi.campaign.planning.fault_space import is_single_flip
from onnxfi.error_models import (
    BitFlip,
    Corruption,
    Corruptions,
    ErrorModel,
    Generators,
    bit_layout,
    severities,
)
from onnxfi.error_models.values import bits_of_dtype
from onnxfi.graph import Target
from onnxfi.injector import Drawer, InjectionGenerators, prepare_error_model

# Groups of drawn faults: by severity, since they have no bit.
_GROUPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Faults of one target with one input, and what is known of them without running any.

    Attributes:
        target: the target.
        input_index: the input.
        corruptions: the corruption of each fault.
        scores: float64, shape ``(faults,)``: the severities.
        groups: int64, shape ``(faults,)``: faults of one group are expected to be alike: single
            flips by bit, its value before, and the sign afterwards; others by severity.
        kin: int64, shape ``(faults,)``: a number that flips of one value in one direction share;
            None for other faults.
        whole: whether these are all faults of the error model.
    """

    target: Target
    input_index: int
    corruptions: Corruptions
    scores: np.ndarray
    groups: np.ndarray
    kin: np.ndarray | None
    whole: bool


def list_candidates(
    error_model: ErrorModel,
    target: Target,
    golden: np.ndarray,
    *,
    input_index: int,
    most: int,
    seed: int,
) -> Candidates:
    """Return the faults of a target with one input: all single flips, or a random sample.

    Args:
        error_model: the error model, prepared for the target.
        target: the target.
        golden: its golden tensor.
        input_index: the input.
        most: the most faults.
        seed: seed of the samples.

    Raises:
        ErrorModelError: the error model cannot corrupt the target.
    """
    if is_single_flip(error_model) and error_model.region is None:
        return _flips(error_model, target, golden, input_index, most, seed)
    generators = InjectionGenerators(seed)
    prepared = prepare_error_model(error_model, target, golden)
    drawer = Drawer({target.tensor: prepared}, generators)
    first = input_index * most
    drawn = drawer.draw_many(range(first, first + most), {target: golden})[target.tensor]
    scores = severities(golden.reshape(-1)[drawn.indices], drawn.values, drawn.sizes)
    ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
    groups = ranks * _GROUPS // ranks.size
    return Candidates(target, input_index, drawn, scores, groups, kin=None, whole=False)


def _flips(
    error_model: BitFlip,
    target: Target,
    golden: np.ndarray,
    input_index: int,
    most: int,
    seed: int,
) -> Candidates:
    allowed = np.array(bits_of_dtype(error_model.name, error_model.bit, golden.dtype))
    sites = np.arange(golden.size)
    wanted = max(1, most // allowed.size)
    if sites.size > wanted:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(input_index,)))
        sites = np.sort(rng.choice(sites, wanted, replace=False))
    unsigned = bit_layout(golden.dtype).unsigned
    width = bit_layout(golden.dtype).width
    before = np.repeat(golden.reshape(-1)[sites].view(unsigned), allowed.size)
    bits = np.tile(allowed, sites.size)
    after = before ^ np.left_shift(1, bits, dtype=unsigned, casting="unsafe")
    was_set = (before.astype(np.uint64) >> bits.astype(np.uint64)) & np.uint64(1)
    negative = (after.astype(np.uint64) >> np.uint64(width - 1)) & np.uint64(1)
    values = after.view(golden.dtype)
    ones = np.ones(bits.size, np.int64)
    direction = 2 * was_set.astype(np.int64) + negative.astype(np.int64)
    return Candidates(
        target,
        input_index,
        Corruptions(
            sizes=ones,
            indices=np.repeat(sites, allowed.size),
            values=values,
            bits=bits.astype(np.int16),
            with_bits=ones.astype(bool),
        ),
        severities(before.view(golden.dtype), values, ones),
        4 * bits.astype(np.int64) + direction,
        4 * np.repeat(np.arange(sites.size), allowed.size) + direction,
        whole=sites.size == golden.size,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """An error model that gives listed corruptions: fault k has the corruption k.

    Attributes:
        corruptions: the corruptions.
    """

    name: ClassVar[str] = "listed"

    corruptions: Corruptions

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Draw one of the corruptions."""
        return self.corruptions[int(rng.integers(len(self.corruptions)))]

    def sample_many(
        self, golden: np.ndarray, *, channel_axis: int | None, generators: Generators, ids: range
    ) -> Corruptions:
        """Return the corruptions of the faults with these numbers; nothing is drawn."""
        chosen = np.zeros(len(self.corruptions), bool)
        chosen[ids.start : ids.stop] = True
        return self.corruptions.some(chosen)

    def to_dict(self) -> dict[str, Any]:
        """Return the name; the corruptions are no configuration."""
        return {"name": self.name, "configuration": {}}
