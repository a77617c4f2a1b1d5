"""Configures the number of injections."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from onnxfi.configuration.section import Section


class Until(Section):
    """Ends the injections of a target when its rate is precise enough.

    Each pair of target and error model runs in rounds. It ends after the first round in which half
    the width of the Wilson interval of its sdc rate is at most the margin, and at the latest after
    the number of faults of the finite-population formula. With ``sampling: severity``, the rate is
    that of the network under each error model.

    Attributes:
        margin: half the width of the interval.
        relative: the margin as a share of the rate, in place of `margin`; with
            ``sampling: severity`` only.
        confidence: confidence of the interval.
        per_round: faults of each pair in a round; ``sampling: severity`` sizes its rounds itself.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["margin"]}, {"required": ["relative"]}]}
    )

    margin: float | None = Field(default=None, gt=0, lt=0.5)
    relative: float | None = Field(default=None, gt=0, lt=1)
    confidence: float = Field(default=0.95, gt=0, lt=1)
    per_round: int = Field(default=500, ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.margin is None) == (self.relative is None):
            raise ValueError("until needs one of margin and relative")
        return self


class ListColumns(Section):
    """Names of the columns of a fault list.

    Attributes:
        target: the column with the tensor, or the layer of the source framework.
        index: the column with the flat index, or one index for each axis: ``(3, 0, 2, 1)``.
        bit: the column with the bit to flip; 0 is the least significant.
    """

    target: str = "Layer"
    index: str = "TensorIndex"
    bit: str = "Bit"

    @property
    def names(self) -> tuple[str, str, str]:
        """The three names."""
        return self.target, self.index, self.bit


class Injections(Section):
    """The faults, by one of: per_target, total, margin, until, exhaustive, list.

    Attributes:
        per_target: faults of each pair of target and error model, spread evenly over the inputs;
            1000 by default.
        total: faults of the whole campaign.
        allocation: rule by which the pairs share the total (or per_target times the pairs):
            evenly, in proportion to the bits of the targets, or by drawing each fault from all of
            these bits together.
        margin: margin of error, from which the finite-population formula gives the faults of each
            pair.
        confidence: confidence of the margin.
        p: the rate that the formula expects.
        until: runs rounds until the interval is narrow enough.
        exhaustive: every single-bit flip once, instead of a sample.
        list: a CSV or Parquet file of bit flips, each of which runs once with each of its inputs.
        columns: names of the columns of the list.
        layout: the framework whose order of axes the list uses. ``auto`` takes ``onnx`` for names
            of tensors, and the order of the source framework for names of its layers.
        inputs_per_fault: number of inputs that each fault meets, one injection each.
        sampling: ``uniform`` draws faults uniformly. ``severity`` scores many faults without
            running them, and runs most where the network's rate depends on it (docs/statistics.md).
    """

    short_forms: ClassVar[tuple[dict[str, Any], ...]] = ({"const": "exhaustive"},)

    per_target: int | None = Field(default=None, ge=1)
    total: int | None = Field(default=None, ge=1)
    allocation: Literal["per_target", "proportional", "uniform"] = "per_target"
    margin: float | None = Field(default=None, gt=0, lt=0.5)
    confidence: float = Field(default=0.95, gt=0, lt=1)
    p: float = Field(default=0.5, gt=0, lt=1)
    until: Until | None = None
    exhaustive: bool = False
    list: Path | None = None
    columns: ListColumns | None = None
    layout: Literal["auto", "onnx", "torch", "keras"] = "auto"
    inputs_per_fault: Literal["all"] | Annotated[int, Field(ge=1)] = 1
    sampling: Literal["uniform", "severity"] = "uniform"

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
        if self.list is None and (self.columns is not None or self.layout != "auto"):
            raise ValueError("columns and layout belong to a fault list: add list, or leave them")
        if self.sampling == "severity":
            self._check_severity(ways[0])
        elif self.until is not None and self.until.relative is not None:
            raise ValueError("until: {relative: …} needs `sampling: severity`; give a margin")
        return self

    def _check_severity(self, way: str) -> None:
        if way not in ("per_target", "total", "until"):
            raise ValueError(f"sampling: severity goes with per_target, total or until, got {way}")
        if self.inputs_per_fault != 1:
            raise ValueError(
                "sampling: severity draws one input for each fault: leave out inputs_per_fault, "
                f"got {self.inputs_per_fault}"
            )
        if self.allocation != "per_target":
            raise ValueError(
                "sampling: severity allocates the faults itself: leave out allocation, "
                f"got {self.allocation}"
            )


# The keys of Injections that give the number of faults; exactly one is used.
_WAYS = ("per_target", "total", "margin", "until", "exhaustive", "list")
