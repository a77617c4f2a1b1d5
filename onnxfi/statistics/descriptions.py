"""Describes statistics in words."""

from onnxfi.statistics.campaign_statistics import CampaignStatistics, TargetDue
from onnxfi.statistics.masked_locations import MaskedAt


def describe_counts(found: CampaignStatistics) -> str:
    """Return the numbers of injections, faults and inputs, and what was excluded."""
    text = f"{found.injections} injections"
    if found.faults != found.injections:
        text += f" of {found.faults} faults"
    wrong = found.wrong_inputs
    text += f"; {wrong.inputs} inputs"
    if wrong.wrong is None:
        return f"{text}, without labels"
    kept = "are counted" if wrong.handling == "keep" else "are excluded"
    return (
        f"{text}, {wrong.wrong} of them wrong without a fault; the {wrong.injections} injections "
        f"with wrong inputs {kept}"
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


def describe_due(due: TargetDue) -> str:
    """Return the due reasons, each with its number."""
    return ", ".join(f"{reason} {count}" for reason, count in due.reasons.items())


def describe_place(place: MaskedAt) -> str:
    """Return a masked location with its share in percent."""
    operator = f" ({place.op_type})" if place.op_type else ""
    return f"{place.tensor or 'only at the outputs'}{operator} {100 * place.share:.1f}"
