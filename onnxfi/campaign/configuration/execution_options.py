"""Configures how a campaign runs and how it counts."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from onnxfi.campaign.configuration.section import Section
from onnxfi.runtime import Limits


class Statistics(Section):
    """How the records are counted; none of it changes a record.

    Attributes:
        wrong_inputs: whether injections count that met an input which is wrong without a fault.
    """

    wrong_inputs: Literal["keep", "exclude"] = "keep"


class ExecutionLimits(Section):
    """What a faulty execution may take before it ends as due.

    Attributes:
        seconds: processor time.
        memory: MiB on top of what the session and its inputs take.
    """

    seconds: Literal["auto", "none"] | float = "auto"
    memory: Literal["auto", "none"] | int = "auto"

    @field_validator("seconds", "memory", mode="before")
    @classmethod
    def _above_zero(cls, value: Any, info: ValidationInfo) -> Any:
        kinds = int if info.field_name == "memory" else (int, float)
        number = isinstance(value, kinds) and not isinstance(value, bool) and value > 0
        if not number and value not in ("auto", "none"):
            what = "a whole number of MiB" if kinds is int else "a number"
            raise ValueError(f"must be 'auto', 'none' or {what} above 0")
        return value

    @property
    def limits(self) -> Limits:
        """The limits as an `Injector` takes them."""
        return Limits(
            None if self.seconds == "none" else self.seconds,
            None if self.memory == "none" else self.memory,
        )


class Execution(Section):
    """How to run; only `limits` can change a record.

    Attributes:
        provider: where the tensors are computed.
        lanes: the most injections to run through the suffix at once; ``auto`` measures.
        propagation: whether to push corruptions as sparse patches where that is exact.
        workers: threads that inject at the same time; ``auto`` takes one per processor, or one
            where the model is so small that Python is what the time goes to.
        shard: injections per records file; what a killed campaign loses at most per worker;
            ``auto`` takes what lasts about ten seconds.
        memory: MiB that a process may take for golden runs that it may meet again; the one in use
            is kept whatever it takes.
        limits: what a faulty execution may take before it ends as due. A campaign measures what
            ``auto`` means when it begins, and keeps to that.
    """

    provider: Literal["auto", "cpu", "cuda"] = "auto"
    lanes: Literal["auto"] | int = "auto"
    propagation: bool = True
    workers: Literal["auto"] | int = "auto"
    shard: Literal["auto"] | int = "auto"
    memory: int = Field(default=256, ge=1)
    limits: ExecutionLimits = ExecutionLimits()

    @field_validator("lanes", "workers", "shard")
    @classmethod
    def _at_least_one(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 1:
            raise ValueError("must be 'auto' or at least 1")
        return value
