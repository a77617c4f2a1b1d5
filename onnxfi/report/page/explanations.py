"""Words of the report: what is counted, what the terms mean, and what the records depend on."""

from onnxfi.report.figures.text import grouped, percent, plural
from onnxfi.report.page.findings import Findings
from onnxfi.report.page.tables import FLAGS
from onnxfi.statistics import describe_counts

_WRONG = {
    "classification": "the top class differs from the golden one",
    "detection": "the boxes differ from the golden ones",
    "segmentation": "the segmentation differs from the golden one",
}


def wrong_answer(metric: str) -> str:
    """Return a clause that says when a metric counts an answer as wrong."""
    return _WRONG.get(metric, f"the metric {metric} counts the answer as wrong")


def subtitle(findings: Findings) -> str:
    """Return the size of the campaign, and whether it is finished."""
    found = findings.statistics
    targets = {x.key["target"] for x in findings.targets}
    text = (
        f"{plural(found.injections, 'injection')} at {plural(len(targets), 'target')}, "
        f"{plural(found.wrong_inputs.inputs, 'input')}"
    )
    planned = int(findings.directory.manifest["injections"])
    recorded = findings.directory.recorded
    if recorded < planned:
        text += f"; {grouped(recorded)} of {grouped(planned)} planned injections are recorded"
    return text


def due_rates(findings: Findings) -> str:
    """Return the rate of DUE of each error model."""
    parts = []
    for network in findings.statistics.network:
        due = network.per_inference["due"]
        name = f"{network.error_model} " if len(findings.error_models) > 1 else ""
        ends = f"[{percent(due.low)}, {percent(due.high)}]"
        parts.append(f"{name}{percent(due.share)}\N{NO-BREAK SPACE}% {ends}")
    return "; ".join(parts)


def how_counted(findings: Findings) -> str:
    """Return how the rates of the answer are computed."""
    text = "Brackets hold 95 % confidence intervals."
    if findings.directory.configuration.injections.sampling != "uniform":
        text += (
            " Faults were sampled by severity: dangerous ones were run more often, and each rate "
            "is estimated with the weights of the records. Numbers of injections are no shares."
        )
    if findings.statistics.faults != findings.statistics.injections:
        text += " Each fault meets several inputs; the intervals respect that."
    return text


def definitions(metric: str) -> dict[str, str]:
    """Return what the outcomes mean, in the order in which they are decided."""
    return {
        "due": "detected unrecoverable error: a NaN or Inf in the outputs that the golden outputs "
        "do not have, or an execution that failed, ran out of time or exceeded its memory",
        "masked": "all outputs are bit-equal to the golden outputs",
        "sdc": f"silent data corruption: {wrong_answer(metric)}",
        "benign": "the outputs differ from the golden outputs, but the metric accepts the answer",
        **(FLAGS if metric == "classification" else {}),
    }


def facts(findings: Findings) -> dict[str, str]:
    """Return what the records depend on, in display order."""
    opened = findings.directory
    manifest = opened.manifest
    return {
        "run directory": findings.place,
        "model": str(opened.configuration.model),
        "inputs": opened.configuration.inputs.name,
        "injections": f"{opened.recorded} recorded of {manifest['injections']} planned",
        "counted": describe_counts(findings.statistics),
        "seed": str(manifest["seed"]),
        "provider": str(manifest["provider"]),
        **{f"version of {name}": version for name, version in manifest["versions"].items()},
        "SHA-256 of the model": manifest["model"],
        "SHA-256 of the inputs": manifest["inputs"],
    }
