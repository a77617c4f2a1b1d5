"""What changes no record: how to run, and how to count."""

from typing import Literal

from pydantic import Field, field_validator

from onnxfi.campaign.configuration.section import Section


class Statistics(Section):
    """How the records are counted; none of it changes a record.

    Attributes:
        wrong_inputs: whether injections count that met an input which is wrong without a fault.
    """

    wrong_inputs: Literal["keep", "exclude"] = "keep"


class Execution(Section):
    """How to run; none of it changes a record.

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
    """

    provider: Literal["auto", "cpu", "cuda"] = "auto"
    lanes: Literal["auto"] | int = "auto"
    propagation: bool = True
    workers: Literal["auto"] | int = "auto"
    shard: Literal["auto"] | int = "auto"
    memory: int = Field(default=256, ge=1)

    @field_validator("lanes", "workers", "shard")
    @classmethod
    def _at_least_one(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 1:
            raise ValueError("must be 'auto' or at least 1")
        return value
