"""Holds the numbers that statistics consist of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from onnxfi.campaign.statistics.difference import Difference
from onnxfi.campaign.statistics.masked_locations import TargetMasking
from onnxfi.campaign.statistics.network import WeightedRate
from onnxfi.campaign.statistics.rate import Rate

WrongInputsHandling = Literal["keep", "exclude"]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often the answer is the label's, per inference.

    Attributes:
        golden: without the fault.
        faulty: with it.
        drop: golden less faulty.
    """

    golden: Rate
    faulty: Rate
    drop: Difference


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """The statistics of the injections that have something in common.

    Attributes:
        key: what they have in common, by column.
        injections: number of inferences with a fault.
        faults: number of different faults.
        per_inference: for each outcome and each flag of the metric, its share of the inferences;
            the intervals count faults.
        per_fault: the share of the faults with which any inference has it.
        accuracy: None without labels.
    """

    key: Mapping[str, Any]
    injections: int
    faults: int
    per_inference: Mapping[str, Rate]
    per_fault: Mapping[str, Rate]
    accuracy: Accuracy | None


@dataclass(frozen=True, slots=True)
class NetworkStatistics:
    """The rates of a whole network under one error model.

    Each rate is the mean of those of the targets, weighted with their bits, per inference.

    Attributes:
        error_model: the error model.
        targets: number of targets.
        target_bits: their bits.
        per_inference: for each outcome and each flag of the metric.
    """

    error_model: str
    targets: int
    target_bits: int
    per_inference: Mapping[str, WeightedRate]


@dataclass(frozen=True, slots=True)
class TargetDue:
    """Why the injections at one target were due.

    Attributes:
        target: the target.
        error_model: the error model.
        injections: number of injections that were due.
        reasons: number of them by reason: ``nan``, ``inf``, ``refused``, ``timeout``, ``memory``,
            or ``not recorded`` by an older version of onnxfi; without those that have none.
    """

    target: str
    error_model: str
    injections: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class WrongInputs:
    """The inputs that the model gets wrong without a fault.

    Attributes:
        inputs: number of inputs that injections met.
        wrong: those of them that are wrong; None without labels.
        injections: number of injections that met these.
        handling: whether the statistics keep or exclude them.
    """

    inputs: int
    wrong: int | None
    injections: int
    handling: WrongInputsHandling


@dataclass(frozen=True, slots=True)
class CampaignStatistics:
    """The statistics of a campaign.

    Attributes:
        injections: number of inferences with a fault that are counted.
        faults: number of different faults.
        wrong_inputs: the inputs that are wrong without a fault.
        groups: the statistics by each grouping, such as ``target`` or ``bit``, the groups in the
            order of their first injections; a grouping that nothing falls under is left out.
        network: for each error model.
        masking: where injections were masked, by target and error model; empty where only records
            were given, which do not tell.
        due: why injections were due, by target and error model; without those that had none.
    """

    injections: int
    faults: int
    wrong_inputs: WrongInputs
    groups: Mapping[str, Sequence[GroupStatistics]]
    network: Sequence[NetworkStatistics]
    masking: Sequence[TargetMasking] = ()
    due: Sequence[TargetDue] = ()
