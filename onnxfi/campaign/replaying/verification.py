"""Verifies that the records of a campaign are those of its plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onnxfi.campaign.replaying.replay import recorded_injection, replay_with
from onnxfi.campaign.running.worker import Worker
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory import STOPPED_EARLY, RunDirectory


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    Attributes:
        planned: number of planned injections; an upper bound where rounds may end early.
        recorded: number of injections in whole records files.
        complete: whether all planned injections are recorded, or the campaign ended early by its
            margin.
        replayed: the ids of the injections that were run again.
        problems: one sentence for each file, file of the campaign or replay that is not as it was.
    """

    planned: int
    recorded: int
    complete: bool
    replayed: tuple[int, ...]
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the campaign is complete, and nothing is wrong with it."""
        return self.complete and not self.problems


def verify(directory: str | Path, *, sample: int = 20, seed: int = 0) -> Verification:
    """Check the files of a campaign, and run a random sample of its injections again.

    Every records file is read: it must be whole, belong to the run, and hold the injections that
    its name says, none of them twice. The model, the inputs, the error models and the metric must
    have the hashes of the manifest. A replay must draw the same fault and have the same outcome.

    Args:
        directory: the run directory, or its address.
        sample: number of injections to run again; fewer where fewer are recorded.
        seed: chooses the sample.

    Raises:
        ConfigurationError: the directory holds no campaign.
        OnnxfiError: an injection cannot be run.
    """
    opened = RunDirectory.open(directory)
    bad = dict(opened.bad_files())
    whole = [
        ids for ids, name in zip(opened.finished(), opened.files(), strict=True) if name not in bad
    ]
    recorded, planned = sum(map(len, whole)), int(opened.manifest["injections"])
    problems = [f"{name} is not as it was written: {fault}." for name, fault in bad.items()]
    worker = Worker(opened.configuration)
    drawn: Sequence[int] = ()
    try:
        opened.check_unchanged(worker.model)
    except ConfigurationError as error:  # the injections would be others
        problems.append(str(error))
    else:
        drawn = _draw(whole, sample, rng=np.random.default_rng(seed))
        problems += _differing(opened, worker, drawn)
    complete = recorded >= planned or opened.storage.exists(STOPPED_EARLY)
    return Verification(planned, recorded, complete, tuple(drawn), tuple(problems))


def _draw(whole: Sequence[range], sample: int, *, rng: np.random.Generator) -> list[int]:
    """Draw different ids, sorted."""
    ends = np.cumsum([len(ids) for ids in whole])
    total = int(ends[-1]) if whole else 0
    places = np.sort(rng.choice(total, min(sample, total), replace=False))
    files = np.searchsorted(ends, places, side="right")
    return [
        whole[file][place - ends[file]]  # counted from the end
        for file, place in zip(files.tolist(), places.tolist(), strict=True)
    ]


def _differing(directory: RunDirectory, worker: Worker, ids: Sequence[int]) -> Iterator[str]:
    """Yield a sentence for each injection whose replay differs from its record."""
    for each in ids:
        done = replay_with(worker, recorded_injection(directory, each))
        if not done.same:
            yield (
                f"The replay of injection {each} differs from its record in "
                f"{', '.join(done.differences)}."
            )
