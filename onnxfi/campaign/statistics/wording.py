"""Statistics in words."""

from onnxfi.campaign.statistics.results import CampaignStatistics


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
