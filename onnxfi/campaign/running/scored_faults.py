"""Draws many faults of each target and scores them, without running any."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from onnxfi.campaign.planning.fault_space import is_single_flip
from onnxfi.campaign.planning.plan import Plan
from onnxfi.error_models import BatchSampler, ErrorModel, severities
from onnxfi.graph import Target
from onnxfi.injector import Drawer, Golden, InjectionGenerators, prepare_error_model
from onnxfi.statistics.stratified import SHARES

#: Faults that are scored at each target; error models that draw many at once score more of them.
SCORED = 20_000
_QUICK = 10
# Targets whose faults are kept: 100 MB at most.
_KEPT = 128


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """The scored faults of a target, some for each input.

    Attributes:
        strata: int32 arrays, one for each stratum: the numbers of its faults, in random order.
        each: number of faults of each input.
    """

    strata: Sequence[np.ndarray]
    each: int


class ScoredFaults:
    """The scored faults of each pair of target and error model.

    As many faults are drawn for each input, and ordered by their severity at the target. A stratum
    holds a fixed share of them. They depend on the model, the inputs, the error model and the
    campaign's seed alone. Several threads may share one object.
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
        self._kept: OrderedDict[int, _Scored] = OrderedDict()
        self._lock = threading.Lock()

    def locate(self, injection_id: int) -> tuple[int, int]:
        """Return the input of an injection, and the number of its fault.

        Raises:
            OnnxfiError: an input does not fit the model, or the error model its target.
        """
        stratum = self._plan.stratum(injection_id)
        pair, of_score = divmod(stratum, len(SHARES))
        scored = self._of_pair(pair)
        members = scored.strata[of_score]
        # With more runs than scored faults, some run again.
        fault = int(members[(injection_id - self._plan.first_id(stratum)) % members.size])
        return fault // scored.each, pair * scored.each * self._plan.inputs + fault

    def _of_pair(self, pair: int) -> _Scored:
        with self._lock:
            if pair not in self._kept:
                self._kept[pair] = self._score(pair)
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(pair)
            return self._kept[pair]

    def _score(self, pair: int) -> _Scored:
        stratum = self._plan.strata[pair * len(SHARES)]
        (target,), (error_model,) = stratum.targets, stratum.error_models
        each = scored_faults(error_model, self._plan.inputs) // self._plan.inputs
        number = pair * each * self._plan.inputs
        generators, scores = InjectionGenerators(self._seed), []
        for index in range(self._plan.inputs):
            tensor = self._golden(stratum.targets, index).targets[target.tensor]
            faults = range(number + index * each, number + (index + 1) * each)
            scores.append(_severities(error_model, target, tensor, faults, generators))
        order = np.argsort(np.concatenate(scores), kind="stable")
        ends = np.round(np.cumsum((0.0, *SHARES)) * order.size).astype(np.int64)
        rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(pair, 1)))
        strata = [rng.permutation(order[x:y]).astype(np.int32) for x, y in pairwise(ends)]
        return _Scored(strata, each)


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
    return severities(golden.reshape(-1)[drawn.indices], drawn.values, drawn.sizes)
