"""Configures the execution and the statistics of a campaign."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from onnxfi.configuration.section import Section
from onnxfi.runtime import Limits

_AtLeastOne = Annotated[int, Field(ge=1)]


class Statistics(Section):
    """Options of the statistics; they change no record.

    Attributes:
        wrong_inputs: whether to count injections whose input is wrong without a fault.
    """

    wrong_inputs: Literal["keep", "exclude"] = "keep"


class ExecutionLimits(Section):
    """Limits of a faulty execution; beyond them it ends as due.

    Attributes:
        seconds: processor time.
        memory: MiB in addition to the session and its inputs.
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
        """The limits for an `Injector`."""
        return Limits(
            None if self.seconds == "none" else self.seconds,
            None if self.memory == "none" else self.memory,
        )


class Execution(Section):
    """Options of the execution; only `limits` can change a record.

    Attributes:
        provider: the execution provider.
        lanes: largest number of injections in one run of the suffix; ``auto`` measures.
        propagation: whether to push corruptions as sparse patches where that is exact.
        workers: number of threads that inject at the same time. ``auto`` takes one per processor,
            or processes where an injection is mostly Python.
        shard: injections per records file, which a killed worker loses at most; ``auto`` takes
            about ten seconds of them.
        memory: MiB that a process may take for golden runs that it may need again; the one in use
            is always kept.
        limits: limits of a faulty execution. ``auto`` is measured when the campaign begins, and
            stays the same.
    """

    provider: Literal["auto", "cpu", "cuda"] = "auto"
    lanes: Literal["auto"] | _AtLeastOne = "auto"
    propagation: bool = True
    workers: Literal["auto"] | _AtLeastOne = "auto"
    shard: Literal["auto"] | _AtLeastOne = "auto"
    memory: int = Field(default=256, ge=1)
    limits: ExecutionLimits = ExecutionLimits()
