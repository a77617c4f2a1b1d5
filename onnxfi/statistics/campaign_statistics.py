"""Defines the results of the statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from onnxfi.display import counted
from onnxfi.statistics.difference import Difference
from onnxfi.statistics.masked_locations import TargetMasking
from onnxfi.statistics.network import WeightedRate
from onnxfi.statistics.rate import Rate

WrongInputsHandling = Literal["keep", "exclude"]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The share of inferences whose answer is the label.

    Attributes:
        golden: accuracy without the fault.
        faulty: accuracy with the fault.
        drop: golden minus faulty accuracy.
    """

    golden: Rate
    faulty: Rate
    drop: Difference


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """The statistics of a group of injections.

    Attributes:
        key: the common values, by column.
        injections: number of inferences with a fault.
        faults: number of different faults.
        per_inference: the share of inferences with each outcome and each flag of the metric, with
            intervals that respect clustering by fault.
        per_fault: the share of faults with an inference of each outcome and flag.
        accuracy: the accuracy; None without labels.
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

    Each rate is the mean of the targets' rates per inference, weighted with their bits.

    Attributes:
        error_model: the error model.
        targets: number of targets.
        target_bits: bits of the targets.
        per_inference: the rate of each outcome and each flag of the metric.
    """

    error_model: str
    targets: int
    target_bits: int
    per_inference: Mapping[str, WeightedRate]


@dataclass(frozen=True, slots=True)
class TargetDue:
    """The due reasons of the injections at one target.

    Attributes:
        target: the target.
        error_model: the error model.
        injections: number of injections that were due.
        reasons: their number by reason: ``nan``, ``inf``, ``refused``, ``timeout``, ``memory``, or
            ``not recorded`` for records of older versions of onnxfi; only those that occur.
    """

    target: str
    error_model: str
    injections: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the alarms of a hardened model see of the harm under one error model.

    Attributes:
        error_model: the error model.
        target: the target; None for the network: the mean of its targets, each weighted with its
            bits and its share of harmful injections.
        coverage: diagnostic coverage: the share of the sdc and due injections that raised an alarm.
    """

    error_model: str
    target: str | None
    coverage: Rate | WeightedRate


@dataclass(frozen=True, slots=True)
class Detection:
    """What the alarms of a hardened model see.

    Attributes:
        network: the coverage of the network under each error model with sdc or due injections.
        targets: the coverage of each target and error model with such injections.
        false_alarms: the share of the inputs that raise an alarm without a fault.
    """

    network: Sequence[Coverage]
    targets: Sequence[Coverage]
    false_alarms: Rate


@dataclass(frozen=True, slots=True)
class WrongInputs:
    """The inputs that the model gets wrong without a fault.

    Attributes:
        inputs: number of inputs that injections met.
        wrong: number of wrong inputs; None without labels.
        injections: number of injections with these inputs.
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
        injections: number of counted inferences with a fault.
        faults: number of different faults.
        wrong_inputs: the inputs that are wrong without a fault.
        groups: the statistics by each grouping, such as ``target`` or ``bit``, always within one
            error model; bits and classes in their order, other groups in the order of their first
            injections; empty groupings are left out.
        network: the statistics of the network for each error model.
        masking: masked locations by target and error model; empty if only records were given.
        due: due reasons by target and error model; only those with due injections.
        detection: what alarms see; None for a model without alarms.
    """

    injections: int
    faults: int
    wrong_inputs: WrongInputs
    groups: Mapping[str, Sequence[GroupStatistics]]
    network: Sequence[NetworkStatistics]
    masking: Sequence[TargetMasking] = ()
    due: Sequence[TargetDue] = ()
    detection: Detection | None = None

    def __repr__(self) -> str:
        """Return one line: the number of injections, faults and error models."""
        injections, faults = counted(self.injections, "injection"), counted(self.faults, "fault")
        models = counted(len(self.network), "error model")
        return f"<CampaignStatistics: {injections} of {faults} under {models}>"
