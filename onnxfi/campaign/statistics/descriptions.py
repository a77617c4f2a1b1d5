"""Statistics in words."""

from onnxfi.campaign.statistics.masked_locations import MaskedAt
from onnxfi.campaign.statistics.results import CampaignStatistics, TargetDue


def describe_counts(found: CampaignStatistics) -> str:
    """Say how many injections, faults and inputs were counted, and what was excluded."""
    text = f"{found.injections} injections"
    if found.faults != found.injections:
        text += f" of {found.faults} faults"
    wrong = found.wrong_inputs
    text += f"; {wrong.inputs} inputs"
    if wrong.wrong is None:
        return f"{text}, without labels"
    kept = "are counted" if wrong.handling == "keep" else "are excluded"
    return (
        f"{text}, of which {wrong.wrong} are wrong without a fault: the {wrong.injections} "
        f"injections that met them {kept}"
    )


def describe_masking(found: CampaignStatistics) -> str:
    """Say of how many injections it is not known where they were masked; nothing where of none."""
    not_known = sum(x.not_known for x in found.masking)
    if not not_known:
        return ""
    total = not_known + sum(x.injections for x in found.masking)
    return (
        f"Of {not_known} of {total} injections it is not known where they were masked: an older "
        "version of onnxfi recorded them."
    )


def describe_due(due: TargetDue) -> str:
    """Return the reasons why injections were due, each with its number."""
    return ", ".join(f"{reason} {count}" for reason, count in due.reasons.items())


def describe_place(place: MaskedAt) -> str:
    """Say where injections were masked, and the share of them in percent."""
    operator = f" ({place.op_type})" if place.op_type else ""
    return f"{place.tensor or 'only at the outputs'}{operator} {100 * place.share:.1f}"
