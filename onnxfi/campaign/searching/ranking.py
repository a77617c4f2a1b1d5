"""Chooses which faults a search runs next."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# A group is first believed as dangerous as its severity suggests: the share of the faults that are
# milder, to a power that leaves the upper hundredths. That counts as much as so many runs.
_PRIOR_RUNS, _POWER = 2.0, 30.0
# Groups less than half as dangerous as the best that is left wait for the next decision.
_WAITS = 0.5
# Runs of a group before the first decision; later it may double its runs.
_STEP = 8
# The share of the runs that check faults which were put off.
_CHECKS = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Faults to run next.

    Attributes:
        group: their group; None for checks of faults that were put off.
        number: the number of their list.
        members: int64: their numbers in the list.
    """

    group: int | None
    number: int
    members: np.ndarray


class Ranking:
    """Ranks groups of faults by what was found in them, and at first by their severity.

    Faults of one place in one direction are kin: if one of them is too mild to have the outcome,
    those that move the value less are put off until no other fault is left, since the deviation of
    the outputs mostly grows with that of the value (Z. Chen, G. Li, K. Pattabiraman, N.
    DeBardeleben, BinFI, SC'19). Some of them, drawn uniformly, run all the same, to tell how often
    that fails.

    Depends on the scores, the results and the seed alone.
    """

    def __init__(
        self,
        scores: Sequence[np.ndarray],
        groups: Sequence[np.ndarray],
        kin: Sequence[np.ndarray | None],
        *,
        rng: np.random.Generator,
    ) -> None:
        """Begin without a result.

        Args:
            scores: the scores of the faults of each list.
            groups: the group of each fault; faults of different lists are in different groups.
            kin: a number for each fault that kin share; None for a list without kin.
            rng: orders the faults of a group, and chooses the checks.
        """
        self._scores, self._kin, self._rng = scores, kin, rng
        self._put_off = [np.zeros(x.size, bool) for x in scores]
        self._ran = [np.zeros(x.size, bool) for x in scores]
        self._left: list[tuple[int, np.ndarray]] = []
        priors = []
        for number, (score, group) in enumerate(zip(scores, groups, strict=True)):
            ranks = np.argsort(np.argsort(score, kind="stable"), kind="stable") / max(1, score.size)
            for one in np.unique(group):
                # In random order: the severest overflow, and others tell more of the group.
                members = rng.permutation(np.flatnonzero(group == one))
                self._left.append((number, members))
                priors.append(float(np.median(ranks[members])) ** _POWER)
        self._priors = np.array(priors)
        self._runs = np.zeros(len(priors), np.int64)
        self._found = np.zeros(len(priors), np.int64)
        #: Faults that were put off and run all the same, and those of them that have the outcome.
        self.checks, self.broken = 0, 0

    def next(self, count: int) -> list[Chosen]:
        """Return the faults to run next, at most so many; none if none is left."""
        chosen, best = self._checks(count), 0.0
        count -= sum(x.members.size for x in chosen)
        belief = (self._found + _PRIOR_RUNS * self._priors) / (self._runs + _PRIOR_RUNS)
        for group in np.argsort(-belief, kind="stable").tolist():
            if not count or (best and belief[group] < _WAITS * best):
                break
            number, members = self._left[group]
            members = members[~self._ran[number][members]]
            self._left[group] = number, members
            members = members[~self._put_off[number][members]]
            some = min(max(_STEP, int(self._runs[group])), count, members.size)
            if some:
                best = best or float(belief[group])
                chosen.append(Chosen(group, number, members[:some]))
                self._ran[number][members[:some]] = True
                count -= some
        if best or not any(x.any() for x in self._put_off):
            return chosen
        for x in self._put_off:  # nothing else is left
            x[:] = False
        return chosen or self.next(count)

    def add(self, chosen: Chosen, hit: np.ndarray, mild: np.ndarray) -> None:
        """Add the results of faults.

        Args:
            chosen: the faults.
            hit: bool, shape ``(faults,)``: whether each has the outcome.
            mild: bool, shape ``(faults,)``: whether each is too mild to have it.
        """
        if chosen.group is None:
            self.checks += hit.size
            self.broken += int(hit.sum())
            return
        self._runs[chosen.group] += hit.size
        self._found[chosen.group] += int(hit.sum())
        kin = self._kin[chosen.number]
        if kin is None:
            return
        scores, missed = self._scores[chosen.number], chosen.members[mild]
        highest: dict[int, float] = defaultdict(lambda: -np.inf)
        for each in missed.tolist():
            highest[int(kin[each])] = max(highest[int(kin[each])], float(scores[each]))
        if highest:
            limit = np.full(int(kin.max()) + 1, -np.inf)
            limit[list(highest)] = list(highest.values())
            self._put_off[chosen.number] |= scores < limit[kin]

    def _checks(self, count: int) -> list[Chosen]:
        """Return some faults that were put off, at random."""
        wanted = int(self._rng.binomial(count, _CHECKS))
        waiting = [np.flatnonzero(x & ~y) for x, y in zip(self._put_off, self._ran, strict=True)]
        ends = np.cumsum([x.size for x in waiting])
        if not wanted or not ends[-1]:
            return []
        places = self._rng.choice(int(ends[-1]), min(wanted, int(ends[-1])), replace=False)
        found = []
        for place in np.sort(places).tolist():
            number = int(np.searchsorted(ends, place, side="right"))
            member = waiting[number][place - int(ends[number])]  # counted from the end
            self._ran[number][member] = True
            found.append(Chosen(None, number, np.array([member])))
        return found
