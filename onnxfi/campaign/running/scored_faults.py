"""Draws many faults of each target and scores them, without running any."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from onnxfi.campaign.planning.fault_space import is_single_flip
from onnxfi.campaign.planning.plan import Plan
from onnxfi.error_models import BatchSampler, ErrorModel, log2_norm, severities
from onnxfi.graph import Target
from onnxfi.injector import Drawer, Golden, InjectionGenerators, prepare_error_model
from onnxfi.statistics.stratified import SHARES

#: Faults that are scored at each target; error models that draw many at once score more of them.
SCORED = 20_000
_QUICK = 10
# Targets whose faults are kept: 100 MB at most.
_KEPT = 128


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """The scored faults of an error model at all its targets.

    Attributes:
        strata: int8 arrays by pair: the stratum of each of its faults.
        parts: float64, shape ``(strata, pairs)``: the share of each pair in a stratum.
    """

    strata: Mapping[int, np.ndarray]
    parts: np.ndarray


class ScoredFaults:
    """The scored faults of each pair of target and error model.

    As many faults are drawn for each input. Those of all targets are ordered together by the size
    of their change over that of the golden tensor, and each counts as the bits of its target. A
    stratum holds a fixed share of them. They depend on the model, the inputs, the error model and
    the campaign's seed alone. Several threads may share one object.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        seed: int,
        golden: Callable[[tuple[Target, ...], int], Golden],
    ) -> None:
        """Begin without a fault.

        Args:
            plan: a plan with score strata.
            seed: seed of the campaign.
            golden: returns the golden run of some targets and an input.
        """
        self._plan = plan
        self._seed = seed
        self._golden = golden
        self._pools: dict[str, _Pool] = {}
        self._kept: OrderedDict[int, Sequence[np.ndarray]] = OrderedDict()
        self._lock = threading.Lock()

    def parts(self, label: str) -> np.ndarray:
        """Return the share of each pair of an error model in the faults of each stratum.

        Returns:
            float64, shape ``(strata, pairs)``, in the order of the plan; each row adds up to 1.

        Raises:
            OnnxfiError: an input does not fit the model, or the error model its target.
        """
        with self._lock:
            return self._pool(label).parts

    def locate(self, injection_id: int) -> tuple[int, int]:
        """Return the input of an injection, and the number of its fault.

        Raises:
            OnnxfiError: an input does not fit the model, or the error model its target.
        """
        stratum = self._plan.stratum(injection_id)
        pair, of_score = divmod(stratum, len(SHARES))
        with self._lock:
            members = self._members(pair)[of_score]
        # With more runs than scored faults, some run again.
        fault = int(members[(injection_id - self._plan.first_id(stratum)) % members.size])
        each = self._each(pair)
        return fault // each, pair * each * self._plan.inputs + fault

    def _each(self, pair: int) -> int:
        """Return the number of scored faults of each input."""
        (error_model,) = self._plan.strata[pair * len(SHARES)].error_models
        return scored_faults(error_model, self._plan.inputs) // self._plan.inputs

    def _members(self, pair: int) -> Sequence[np.ndarray]:
        """Return the numbers of the faults of each stratum of a pair, in random order."""
        if pair not in self._kept:
            strata = self._pool(self._plan.strata[pair * len(SHARES)].label).strata[pair]
            rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(pair, 1)))
            self._kept[pair] = [
                rng.permutation(np.flatnonzero(strata == x)).astype(np.int32)
                for x in range(len(SHARES))
            ]
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(pair)
        return self._kept[pair]

    def _pool(self, label: str) -> _Pool:
        if label not in self._pools:
            first = self._plan.strata[:: len(SHARES)]
            pairs = [pair for pair, x in enumerate(first) if x.label == label]
            bits = [self._plan.sizes[x * len(SHARES)] for x in pairs]
            scores = [self._score(x) for x in pairs]
            # Equal scores are ordered at random, so that each stratum has its share.
            rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(pairs[0], 2)))
            strata = _rank_strata(scores, bits, rng=rng)
            inside = np.array([np.bincount(x, minlength=len(SHARES)) / x.size for x in strata])
            parts = inside.T * np.array(bits, np.float64)
            parts /= np.maximum(parts.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
            self._pools[label] = _Pool(dict(zip(pairs, strata, strict=True)), parts)
        return self._pools[label]

    def _score(self, pair: int) -> np.ndarray:
        """Return the scores of the faults of a pair: float32, input after input."""
        stratum = self._plan.strata[pair * len(SHARES)]
        (target,), (error_model,) = stratum.targets, stratum.error_models
        each = self._each(pair)
        number = pair * each * self._plan.inputs
        generators, scores = InjectionGenerators(self._seed), []
        for index in range(self._plan.inputs):
            tensor = self._golden(stratum.targets, index).targets[target.tensor]
            faults = range(number + index * each, number + (index + 1) * each)
            scores.append(_severities(error_model, target, tensor, faults, generators))
        return np.concatenate(scores).astype(np.float32)


def _rank_strata(
    scores: Sequence[np.ndarray], bits: Sequence[int], *, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the stratum of each fault of each pair, by its rank among all, weighted with bits."""
    together = np.concatenate(scores)
    weights = np.concatenate(
        [np.full(x.size, y / x.size) for x, y in zip(scores, bits, strict=True)]
    )
    shuffled = rng.permutation(together.size)
    order = shuffled[np.argsort(together[shuffled], kind="stable")]
    ranks = np.cumsum(weights[order]) - weights[order] / 2
    ends = np.cumsum(SHARES)[:-1] * float(weights.sum())
    strata = np.empty(together.size, np.int8)
    strata[order] = np.searchsorted(ends, ranks)
    return np.split(strata, np.cumsum([x.size for x in scores])[:-1])


def scored_faults(error_model: ErrorModel, inputs: int) -> int:
    """Return the number of faults to score at a target, over all inputs."""
    quick = isinstance(error_model, BatchSampler) or is_single_flip(error_model)
    wanted = SCORED * (_QUICK if quick else 1)
    return ceil(wanted / inputs) * inputs


def _severities(
    error_model: ErrorModel,
    target: Target,
    golden: np.ndarray,
    faults: range,
    generators: InjectionGenerators,
) -> np.ndarray:
    prepared = prepare_error_model(error_model, target, golden)
    drawer = Drawer({target.tensor: prepared}, generators)
    drawn = drawer.draw_many(faults, {target: golden})[target.tensor]
    found = severities(golden.reshape(-1)[drawn.indices], drawn.values, drawn.sizes)
    return np.asarray(found - log2_norm(golden))
