"""Injections that met one golden run, column by column."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, overload

import numpy as np

from onnxfi.error_models import Corruptions
from onnxfi.injector.blocks import Meeting
from onnxfi.injector.due.reasons import DueReason
from onnxfi.injector.injection import Injection
from onnxfi.injector.outcome import Outcome


@dataclass(frozen=True, eq=False, slots=True)
class Hits:
    """What several injections did to one target.

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


@dataclass(frozen=True, eq=False, slots=True)
class Injections(Sequence[Injection]):
    """The injections of a meeting.

    Attributes:
        meeting: the golden run, and the ids and faults that met it.
        hits: what they did to each target, in the order in which these were corrupted.
        outputs: the faulty outputs of each by name; the golden ones themselves where nothing is
            left of the fault, empty where the execution failed.
        outcomes: what the faults did.
        masked_at: for each the name of the tensor in which nothing was left of the fault; None
            where that was not seen on the way to the outputs.
        due_reasons: why each is due; None where it is not.
    """

    meeting: Meeting
    hits: Sequence[Hits]
    outputs: Sequence[Mapping[str, np.ndarray]]
    outcomes: Sequence[Outcome]
    masked_at: Sequence[str | None]
    due_reasons: Sequence[DueReason | None]

    @classmethod
    def of(cls, meeting: Meeting, injections: Sequence[Injection], targets: Sequence[str]) -> Self:
        """Join the injections of a meeting, at least one.

        Args:
            meeting: the meeting.
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
            meeting,
            hits,
            [x.outputs for x in injections],
            [x.outcome for x in injections],
            [x.masked_at for x in injections],
            [x.due_reason for x in injections],
        )

    def __len__(self) -> int:
        """Return the number of injections."""
        return len(self.outcomes)

    @overload
    def __getitem__(self, place: int) -> Injection: ...
    @overload
    def __getitem__(self, place: slice) -> list[Injection]: ...
    def __getitem__(self, place: int | slice) -> Injection | list[Injection]:
        """Return one injection, or several."""
        injections = list(self)
        return injections[place]

    def __iter__(self) -> Iterator[Injection]:
        """Yield the injections."""
        walks = [
            (x.target, set(x.members.tolist()), iter(x.corruptions), iter(_parts(x)))
            for x in self.hits
        ]
        for place, injection_id in enumerate(self.meeting.ids):
            hit = [
                (target, next(corruptions), next(replaced))
                for target, members, corruptions, replaced in walks
                if place in members
            ]
            targets, corruptions, replaced = zip(*hit, strict=True) if hit else ((), (), ())
            yield Injection(
                injection_id,
                targets,
                corruptions,
                replaced,
                self.outputs[place],
                self.outcomes[place],
                self.masked_at[place],
                self.due_reasons[place],
            )


def _parts(hits: Hits) -> list[np.ndarray]:
    return np.split(hits.replaced, np.cumsum(hits.corruptions.sizes)[:-1])
