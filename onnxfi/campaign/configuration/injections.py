"""How many injections."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from onnxfi.campaign.configuration.section import Section


class Until(Section):
    """When a stratum has had enough injections.

    A stratum, the injections of one error model at one target, is run in rounds. After each it
    ends if half the width of the Wilson interval of its sdc rate is at most the margin, and after
    as many faults as the finite-population formula asks for in any case.

    Attributes:
        margin: half the width of the interval.
        confidence: of the interval.
        per_round: faults of each stratum in a round.
    """

    margin: float = Field(gt=0, lt=0.5)
    confidence: float = Field(default=0.95, gt=0, lt=1)
    per_round: int = Field(default=500, ge=1)


class Injections(Section):
    """How many faults, by one of: per_target, total, margin, until, exhaustive.

    Attributes:
        per_target: for each pair of target and error model, spread evenly over the inputs; 1000
            where nothing is said.
        total: for the whole campaign.
        allocation: how the pairs share the total (or per_target times the pairs): evenly, in
            proportion to the bits of the targets, or as it falls when each fault is drawn from all
            of these bits together.
        margin: as many for each pair as the finite-population formula gives for this margin of
            error.
        confidence: of the margin.
        p: the rate that the formula expects.
        until: in rounds, until the interval is narrow enough.
        exhaustive: every single-bit flip once, in place of a sample.
        inputs_per_fault: how many inputs meet each fault, an injection each.
    """

    per_target: int | None = Field(default=None, ge=1)
    total: int | None = Field(default=None, ge=1)
    allocation: Literal["per_target", "proportional", "uniform"] = "per_target"
    margin: float | None = Field(default=None, gt=0, lt=0.5)
    confidence: float = Field(default=0.95, gt=0, lt=1)
    p: float = Field(default=0.5, gt=0, lt=1)
    until: Until | None = None
    exhaustive: bool = False
    inputs_per_fault: Literal["all"] | Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, said: Any) -> Any:
        if said == "exhaustive":
            return {"exhaustive": True}
        if isinstance(said, dict) and not any(said.get(way) for way in _WAYS):
            return {"per_target": 1000, **said}
        return said

    @model_validator(mode="after")
    def _check(self) -> Self:
        ways = [way for way in _WAYS if getattr(self, way)]
        if len(ways) != 1:
            raise ValueError(
                f"the number must be given by one of {', '.join(_WAYS)}, got {' and '.join(ways)}"
            )
        if self.allocation != "per_target" and ways[0] not in ("per_target", "total"):
            raise ValueError(
                f"allocation shares a number that is given by per_target or total, got {ways[0]}"
            )
        return self


# The keys of Injections of which one says how many.
_WAYS = ("per_target", "total", "margin", "until", "exhaustive")
