"""Describes statistics in words."""

from onnxfi.statistics.campaign_statistics import CampaignStatistics, Detection, TargetDue
from onnxfi.statistics.masked_locations import MaskedAt


def describe_counts(found: CampaignStatistics) -> str:
    """Return the numbers of injections, faults and inputs, and what was excluded."""
    faults = f" of {found.faults} faults" if found.faults != found.injections else ""
    wrong = found.wrong_inputs
    text = f"{found.injections} injections{faults} into {wrong.inputs} inputs"
    if wrong.wrong is None:
        return f"{text} without labels."
    if not wrong.wrong:
        return f"{text}, all of them right without a fault."
    how = (
        "included (exclude them with --wrong-inputs exclude)"
        if wrong.handling == "keep"
        else "excluded"
    )
    return (
        f"{text}. {wrong.wrong} of the inputs are wrong even without a fault; their "
        f"{wrong.injections} injections are {how}."
    )


def describe_masking(found: CampaignStatistics) -> str:
    """Report how many masked injections have no known location, if any."""
    not_known = sum(x.not_known for x in found.masking)
    if not not_known:
        return ""
    total = not_known + sum(x.injections for x in found.masking)
    return (
        f"The masked locations of {not_known} of {total} injections are unknown: an older version "
        "of onnxfi recorded them."
    )


def describe_false_alarms(found: Detection) -> str:
    """Return how many inputs raise an alarm without a fault."""
    rate = found.false_alarms
    return f"False alarms: {rate.count} of {rate.total} inputs raise an alarm without a fault."


def describe_due(due: TargetDue) -> str:
    """Return the due reasons, each with its number."""
    return ", ".join(f"{reason} {count}" for reason, count in due.reasons.items())


def describe_place(place: MaskedAt) -> str:
    """Return a masked location with its share in percent."""
    operator = f" ({place.op_type})" if place.op_type else ""
    return f"{place.tensor or 'only at the outputs'}{operator} {100 * place.share:.1f}"
