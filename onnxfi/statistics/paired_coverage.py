"""Computes what the alarms of a hardened model see of the faults that harm the plain one."""

from collections.abc import Mapping, Sequence

from onnxfi.statistics.campaign_statistics import Coverage, GroupStatistics
from onnxfi.statistics.network import weighted_rate
from onnxfi.statistics.pairing import MISSED, PairCounts, PairKey
from onnxfi.statistics.rate import Rate


def paired_coverage(
    plain: Sequence[GroupStatistics], pairs: Mapping[PairKey, Mapping[str, PairCounts]]
) -> list[Coverage]:
    """Return the coverage of the faults that are sdc or due in the plain model.

    Unlike the coverage among the sdc and due of the hardened model, it counts a fault that an alarm
    saw and a protection then corrected. A fault that met several inputs is seen if each inference
    that it harmed raised an alarm.

    Args:
        plain: the statistics of the plain model's targets.
        pairs: the counts of `pair_faults`.

    Returns:
        The coverage of the network under each error model, then of each target with such faults.
    """
    targets = []
    weights: dict[str, list[float]] = {}
    for group in plain:
        key = group.key["target"], group.key["error_model"]
        counts = pairs.get(key, {}).get(MISSED)
        if counts is None or not counts.both + counts.only_before:
            continue
        harmful = counts.both + counts.only_before
        targets.append(Coverage(key[1], key[0], Rate.of(counts.only_before, harmful)))
        weight = group.key["target_bits"] * harmful / (harmful + counts.neither)
        weights.setdefault(key[1], []).append(weight)
    network = [
        Coverage(
            model,
            None,
            weighted_rate([x.coverage for x in targets if x.error_model == model], of_model),
        )
        for model, of_model in weights.items()
    ]
    return [*network, *targets]
