"""Holds what all sessions and phases of a suffix are opened with."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from onnxfi.graph import Model
from onnxfi.runtime import Limits, Session
from onnxfi.suffix.experience import Experience
from onnxfi.suffix.policy import DEFAULT_POLICY, Policy
from onnxfi.suffix.trial import Stopwatch


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The settings of a suffix: its provider and how it runs.

    Attributes:
        provider: as `onnxfi.runtime.choose_provider` returns it.
        threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
        lanes: the most lanes; ``auto`` measures how many pay.
        propagation: whether to push corruptions as sparse patches.
        shortcuts: whether to try the phases that must prove that they pay.
        limits: what a faulty execution may take; None where the suffix needs no limit.
        policy: the thresholds of the phases.
        experience: what trials found at other targets of the model.
    """

    provider: Literal["cpu", "cuda"] = "cpu"
    threads: int | None = None
    lanes: int | Literal["auto"] = "auto"
    propagation: bool = True
    shortcuts: bool = True
    limits: Limits | None = None
    policy: Policy = DEFAULT_POLICY
    experience: Experience = field(default_factory=Experience, compare=False)

    def open(self, model: Model, *, arena: bool = True) -> Session:
        """Open a session.

        Args:
            model: the model.
            arena: as `Session` takes it.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the model.
        """
        return Session(model, provider=self.provider, threads=self.threads, arena=arena)

    def for_one_lane(self) -> "RunSettings":
        """Return the settings for one lane at a time on whole tensors."""
        return replace(self, lanes=1, propagation=False, shortcuts=False)

    @property
    def stopwatch(self) -> Stopwatch:
        """The stopwatch for the time of these sessions."""
        return Stopwatch(self.threads if self.provider == "cpu" else None)

    def seconds(self, run: Callable[[], object]) -> float:
        """Return the seconds of the fastest of the few runs that the policy allows."""
        policy = self.policy
        return self.stopwatch.fastest(run, times=policy.timings, seconds=policy.timing_seconds)

    @property
    def one_thread(self) -> bool:
        """Whether no two threads share an operator, which can change the order of its sums."""
        return self.provider != "cpu" or self.threads == 1
