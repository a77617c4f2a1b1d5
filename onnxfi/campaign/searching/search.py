"""Searches for the faults that have an outcome."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from onnxfi.campaign.planning.fault_space import is_single_flip
from onnxfi.campaign.running.worker import Worker
from onnxfi.campaign.searching.candidates import Candidates, Listed, list_candidates
from onnxfi.campaign.searching.ranking import Chosen, Ranking
from onnxfi.configuration import Configuration
from onnxfi.error_models import Corruption
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Target

Wanted = Literal["sdc", "due"]

# The outcomes of faults that are too mild to have the one that is searched for.
_MILD: Mapping[Wanted, frozenset[str]] = {
    "sdc": frozenset({"masked", "benign"}),
    "due": frozenset({"masked", "benign", "sdc"}),
}
# Faults to choose from, over all targets and inputs: some 200 MB.
_MOST_CANDIDATES = 2_000_000
# The same where they are drawn one after the other, which takes some 20 microseconds each.
_MOST_DRAWN = 50_000
# Runs between two decisions.
_ROUND = 256


@dataclass(frozen=True, slots=True, eq=False)
class FoundFault:
    """A fault that has the outcome.

    Attributes:
        target: the target.
        input_index: the input that it met.
        error_model: the error model.
        corruption: the corruption.
        shape: the shape of the target.
        score: the severity.
        run: the number of the run that found it, counted from 1.
    """

    target: str
    input_index: int
    error_model: str
    corruption: Corruption
    shape: tuple[int, ...]
    score: float
    run: int

    @property
    def bit(self) -> int | None:
        """The flipped bit; None unless a single bit was flipped at a single site."""
        bits = self.corruption.bits
        return int(bits[0]) if bits is not None and bits.size == 1 else None

    @property
    def index(self) -> tuple[int, ...]:
        """The place of the first site in the target."""
        place = np.unravel_index(int(self.corruption.indices[0]), self.shape)
        return tuple(int(x) for x in place)


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """The result of a search.

    Attributes:
        wanted: the outcome that was searched for.
        faults: the faults that have it, in the order in which they were found.
        runs: number of injections.
        candidates: number of faults to choose from.
        whole: whether these were all faults of the error models, with the inputs that were used.
        inputs: number of inputs that were used.
        checks: number of flips that were run although a flip of the same value that moves it
            farther in the same direction did not have the outcome.
        broken: number of these that have the outcome.
    """

    wanted: Wanted
    faults: Sequence[FoundFault]
    runs: int
    candidates: int
    whole: bool
    inputs: int
    checks: int
    broken: int

    def __repr__(self) -> str:
        """Return one line: the number of faults found, of runs and of candidates."""
        found = f"{len(self.faults)} {self.wanted} in {self.runs} runs"
        return f"<SearchResult: {found}, of {self.candidates} candidates>"


def search(
    configuration: Configuration,
    *,
    budget: int,
    wanted: Wanted = "sdc",
    on_runs: Callable[[int], None] = lambda count: None,
) -> SearchResult:
    """Return faults that have an outcome, found with as few runs as possible.

    All single-bit flips of each target, or a sample of the faults of another error model, are
    scored without running any. Those that move their tensor farthest run first. What is found among
    the flips of the same bit, in the same direction and to the same sign, decides which run next.
    Depends on the configuration and its seed alone.

    Args:
        configuration: the model, the inputs, the targets, the error models and the metric;
            ``injections`` is not used.
        budget: the most injections to run.
        wanted: the outcome to search for.
        on_runs: called with the number of injections since the last call.

    Raises:
        ConfigurationError: targets are to be hit together.
        OnnxfiError: the model, an input, an error model or the metric does not fit the others.
    """
    worker = Worker(configuration)
    lists, labels, inputs = _candidates(worker)
    ranking = Ranking(
        [x.scores for x in lists],
        [x.groups for x in lists],
        [x.kin for x in lists],
        rng=np.random.default_rng(configuration.seed),
    )
    faults: list[FoundFault] = []
    runs = 0
    while runs < budget and (chosen := ranking.next(min(_ROUND, budget - runs))):
        by_list: dict[int, list[Chosen]] = defaultdict(list)
        for x in chosen:
            by_list[x.number].append(x)
        for number in sorted(by_list):
            members = np.concatenate([x.members for x in by_list[number]])
            outcomes = _run(worker, lists[number], members)
            hit = np.array([x == wanted for x in outcomes])
            mild = np.array([x in _MILD[wanted] for x in outcomes])
            place = 0
            for x in by_list[number]:
                part = slice(place, place + x.members.size)
                ranking.add(x, hit[part], mild[part])
                place += x.members.size
            for each in np.flatnonzero(hit).tolist():
                fault = int(members[each])
                faults.append(_found(worker, lists[number], labels[number], fault, runs + each + 1))
            runs += members.size
            on_runs(int(members.size))
    return SearchResult(
        wanted,
        faults,
        runs,
        sum(x.scores.size for x in lists),
        whole=all(x.whole for x in lists),
        inputs=inputs,
        checks=ranking.checks,
        broken=ranking.broken,
    )


def _candidates(worker: Worker) -> tuple[list[Candidates], list[str], int]:
    """Return the faults of each target, error model and input, as many inputs as fit."""
    strata, sizes = worker.plan.strata, worker.plan.sizes
    for stratum in strata:
        if len(stratum.targets) > 1:
            raise ConfigurationError(
                "A search hits one target at a time, got "
                f"{' + '.join(x.tensor for x in stratum.targets)!r}. Give the targets as one "
                "selection."
            )
    inputs = max(1, min(len(worker.inputs), _MOST_CANDIDATES // max(1, sum(sizes))))
    indices = [x * len(worker.inputs) // inputs for x in range(inputs)]
    lists, labels = [], []
    for stratum in strata:
        (target,), (error_model,) = stratum.targets, stratum.error_models
        most = _MOST_CANDIDATES if is_single_flip(error_model) else _MOST_DRAWN
        for index in indices:
            golden = worker.golden(worker.injector(stratum.targets), index)
            lists.append(
                list_candidates(
                    error_model,
                    target,
                    golden.targets[target.tensor],
                    input_index=index,
                    most=max(1, most // (len(strata) * inputs)),
                    seed=worker.configuration.seed,
                )
            )
            labels.append(stratum.label)
    return lists, labels, inputs


def _run(worker: Worker, some: Candidates, members: np.ndarray) -> list[str]:
    injector = worker.injector((some.target,))
    golden = worker.golden(injector, some.input_index)
    order = np.argsort(members, kind="stable")  # `some` keeps the order of the list
    chosen = np.zeros(some.scores.size, bool)
    chosen[members] = True
    listed = Listed(some.corruptions.some(chosen))
    outcomes = [
        x.outcome for x in injector.inject(golden, listed, count=members.size, metric=worker.metric)
    ]
    found = [""] * members.size
    for place, outcome in zip(order.tolist(), outcomes, strict=True):
        found[place] = outcome
    return found


def _found(worker: Worker, some: Candidates, label: str, fault: int, run: int) -> FoundFault:
    injector = worker.injector((some.target,))
    golden = worker.golden(injector, some.input_index)
    return FoundFault(
        target=_name(some.target),
        input_index=some.input_index,
        error_model=label,
        corruption=some.corruptions[fault],
        shape=golden.targets[some.target.tensor].shape,
        score=float(some.scores[fault]),
        run=run,
    )


def _name(target: Target) -> str:
    return target.tensor
