"""Injections that met one golden run, column by column."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, overload

import numpy as np

from onnxfi.display import counted, shorten
from onnxfi.error_models import Corruption, Corruptions
from onnxfi.injector.due.reasons import DueReason
from onnxfi.injector.injection import Injection
from onnxfi.injector.injection_batch import InjectionBatch
from onnxfi.injector.outcome import OUTCOMES, Outcome


@dataclass(frozen=True, eq=False, slots=True)
class Hits:
    """The corruptions of one target in several injections.

    Attributes:
        target: name of the target's tensor.
        members: int64, shape ``(N,)``, places of the injections that came as far as this target.
        corruptions: their corruptions.
        replaced: shape ``(K,)``, the values that were at the sites before, of one after the other.
    """

    target: str
    members: np.ndarray
    corruptions: Corruptions
    replaced: np.ndarray

    def __repr__(self) -> str:
        """Return one line: the target, and the number of injections and sites."""
        injections = counted(len(self.members), "injection")
        sites = counted(len(self.replaced), "site")
        return f"<onnxfi.Hits at {shorten(self.target)}: {injections}, {sites}>"

    def position(self, place: int) -> int | None:
        """Return the position in `members` of an injection; None where it did not come so far."""
        position = int(np.searchsorted(self.members, place))
        found = position < self.members.size and self.members[position] == place
        return position if found else None

    def at(self, position: int) -> tuple[str, Corruption, np.ndarray]:
        """Return the target, the corruption and the replaced values at a position."""
        sites = self.corruptions.sites_of(position)
        return self.target, self.corruptions[position], self.replaced[sites]


@dataclass(frozen=True, eq=False, slots=True)
class Injections(Sequence[Injection]):
    """The injections of a batch.

    Attributes:
        batch: the golden run, and the ids and faults that met it.
        hits: what they did to each target, in the order in which these were corrupted.
        outputs: the faulty outputs of each by name; the golden ones themselves where nothing is
            left of the fault, empty where the execution failed.
        outcomes: what the faults did.
        masked_at: for each the name of the tensor in which nothing was left of the fault; None
            where that was not seen on the way to the outputs.
        due_reasons: why each is due; None where it is not.
        alarms: the alarms of each by name; empty where the model has none, or the execution failed.
    """

    batch: InjectionBatch
    hits: Sequence[Hits]
    outputs: Sequence[Mapping[str, np.ndarray]]
    outcomes: Sequence[Outcome]
    masked_at: Sequence[str | None]
    due_reasons: Sequence[DueReason | None]
    alarms: Sequence[Mapping[str, np.ndarray]]

    def __repr__(self) -> str:
        """Return one line: the number of injections with each outcome."""
        counts = Counter(self.outcomes)
        outcomes = ", ".join(f"{counts[x]} {x}" for x in OUTCOMES if counts[x])
        return f"<onnxfi.Injections: {outcomes or 'none'}>"

    @classmethod
    def of(
        cls, batch: InjectionBatch, injections: Sequence[Injection], targets: Sequence[str]
    ) -> Self:
        """Join the injections of a batch, at least one.

        Args:
            batch: the batch.
            injections: its injections.
            targets: names of the targets, in the order in which they are corrupted.
        """
        hits = []
        for number, target in enumerate(targets):
            members = [i for i, x in enumerate(injections) if number < len(x.corruptions)]
            if members:
                corruptions = Corruptions.of([injections[i].corruptions[number] for i in members])
                replaced = np.concatenate([injections[i].replaced[number] for i in members])
                hits.append(Hits(target, np.array(members), corruptions, replaced))
        return cls(
            batch,
            hits,
            [x.outputs for x in injections],
            [x.outcome for x in injections],
            [x.masked_at for x in injections],
            [x.due_reason for x in injections],
            [x.alarms for x in injections],
        )

    @property
    def flagged(self) -> Sequence[bool | None]:
        """Whether any alarm was raised in each; None where the model has none."""
        if not self.batch.golden.alarms:
            return [None] * len(self)
        return [is_raised(x) for x in self.alarms]

    def __len__(self) -> int:
        """Return the number of injections."""
        return len(self.outcomes)

    @overload
    def __getitem__(self, place: int) -> Injection: ...
    @overload
    def __getitem__(self, place: slice) -> list[Injection]: ...
    def __getitem__(self, place: int | slice) -> Injection | list[Injection]:
        """Return one injection, or several."""
        if isinstance(place, slice):
            return [self._injection(x) for x in range(len(self))[place]]
        return self._injection(range(len(self))[place])

    def __iter__(self) -> Iterator[Injection]:
        """Yield the injections."""
        return map(self._injection, range(len(self)))

    def _injection(self, place: int) -> Injection:
        hit = [x.at(n) for x in self.hits if (n := x.position(place)) is not None]
        targets, corruptions, replaced = zip(*hit, strict=True) if hit else ((), (), ())
        return Injection(
            self.batch.ids[place],
            targets,
            corruptions,
            replaced,
            self.outputs[place],
            self.outcomes[place],
            self.masked_at[place],
            self.due_reasons[place],
            self.alarms[place],
            is_raised(self.alarms[place]) if self.batch.golden.alarms else None,
        )


def is_raised(alarms: Mapping[str, np.ndarray]) -> bool:
    """Return whether any of some alarms is raised."""
    return any(bool(x.any()) for x in alarms.values())
