"""Writes what a campaign shows as a document for a safety case."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from onnxfi.atomic_write import atomic_write
from onnxfi.errors import ConfigurationError, OnnxfiError
from onnxfi.failure_rates.contributions import fit
from onnxfi.failure_rates.fit_report import FitReport
from onnxfi.graph import load
from onnxfi.hardening import PROTECTIONS_KEY
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import (
    UNFLAGGED_SDC,
    CampaignStatistics,
    Rate,
    WeightedRate,
    describe_counts,
    describe_false_alarms,
    summarise,
)

_NOT_COVERED = (
    "Faults in control logic, in the clock and in the power supply, unless `elements` of the rates "
    "stand for them.",
    "Faults that corrupt several targets at once, and bits that are coupled beyond what the error "
    "models above describe.",
    "Systematic faults: of the training, the conversion and the software.",
    "Inputs other than those of this campaign. Rates depend on them.",
    "Kernels other than those of ONNX Runtime here: another runtime rounds differently, and may "
    "mask other faults.",
    "More than one fault in an inference, unless the error model draws several.",
)
_OUTCOMES = {
    "masked": "all outputs are bit-equal to those without the fault",
    "benign": "the outputs differ, and the metric accepts the answer",
    "sdc": "silent data corruption: the metric says that the answer is wrong",
    "due": "detected unrecoverable error: NaN or Inf in the outputs, or an execution that failed",
}


def write_safety_document(
    directory: str | Path, out: str | Path, *, rates: str | Path | None = None
) -> Path:
    """Write the assumptions and the results of a campaign as Markdown.

    Args:
        directory: the run directory, or its address.
        out: the file to write.
        rates: the raw failure rates (fit.yaml); None leaves out the failure rates.

    Returns:
        The file written.

    Raises:
        ConfigurationError: there are no records, the rates are wrong, or the file cannot be
            written.
    """
    opened = RunDirectory.open(directory)
    found = summarise(directory, opened.configuration)
    report = None if rates is None else fit(directory, rates)
    sections = (
        _title(opened),
        _assumptions(opened),
        _fault_space(opened, found),
        _exposure(report, directory, rates),
        _results(found, directory),
        _protections(opened, found, directory),
        _not_covered(report),
        _reproduction(opened, directory),
    )
    text = "\n".join(line for section in sections for line in (*section, ""))
    path = Path(out)
    try:
        with atomic_write(path) as aside:
            aside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}.") from error
    return path


def _title(opened: RunDirectory) -> Iterator[str]:
    yield f"# Random hardware faults in {opened.configuration.model.name}"
    yield ""
    yield (
        "This document holds what a fault-injection campaign measured. It is evidence for a safety "
        "case, not a safety case: it claims no integrity level."
    )


def _assumptions(opened: RunDirectory) -> Iterator[str]:
    configuration, manifest = opened.configuration, opened.manifest
    processor = manifest.get("processor", {}).get("architecture", "an unknown processor")
    yield "## Assumptions"
    yield ""
    yield from _table(
        ("what", "value"),
        [
            ("model", f"{configuration.model.name}, SHA-256 `{manifest['model']}`"),
            ("inputs", f"{configuration.inputs.name}, SHA-256 `{manifest['inputs']}`"),
            ("error models", ", ".join(_code(x.name) for x in configuration.error_model_entries)),
            ("metric", _code(configuration.metric.name)),
            ("seed", str(manifest["seed"])),
            ("provider", f"{manifest['provider']} on {processor}"),
            ("versions", ", ".join(f"{k} {v}" for k, v in manifest["versions"].items())),
        ],
    )
    yield ""
    yield "An inference has one fault. Its outcome is one of:"
    yield ""
    yield from (f"- **{name}**: {text}" for name, text in _OUTCOMES.items())


def _fault_space(opened: RunDirectory, found: CampaignStatistics) -> Iterator[str]:
    injections = opened.configuration.injections
    yield "## Fault space"
    yield ""
    how = (
        "Faults were drawn by severity; each rate is weighted, and numbers of injections are no "
        "shares."
        if injections.sampling != "uniform"
        else "Faults were drawn uniformly from each target, unless the campaign is exhaustive."
    )
    yield f"{how} {describe_counts(found)}"
    yield ""
    yield from _table(
        ("target", "kind", "operator", "error model", "bits", "injections", "faults"),
        [
            (
                _code(x.key["target"]),
                x.key["kind"],
                x.key["op_type"],
                _code(x.key["error_model"]),
                f"{x.key['target_bits']:,}",
                f"{x.injections:,}",
                f"{x.faults:,}",
            )
            for x in found.groups["target"]
        ],
    )


def _exposure(
    report: FitReport | None, directory: str | Path, rates: str | Path | None
) -> Iterator[str]:
    yield "## Exposure and failure rates"
    yield ""
    if report is None:
        yield "No raw failure rates were given, so there are no failure rates. Give --rates."
        return
    yield f"Reproduce with `onnxfi fit {directory} --rates {rates} --json`."
    yield ""
    yield from _table(
        ("figure", "value"),
        [
            ("upsets of all bits", f"{report.raw:.3g} FIT"),
            ("silent failures before detection", str(report.sdc)),
            ("failures that end as due", str(report.due)),
            ("residual: silent, and seen by no detector", str(report.residual)),
            (
                "residual over the intervals of the raw rates",
                f"{report.low_raw:.3g} to {report.high_raw:.3g} FIT",
            ),
            ("contribution to SPFM (ISO 26262-5)", f"{100 * report.single_point_share:.2f} %"),
            ("contribution to PMHF (ISO 26262-5)", f"{report.hourly:.3g} per hour"),
            *([("budget", _budget(report))] if report.budget is not None else []),
        ],
    )
    yield ""
    yield from _table(
        ("target or element", "memory", "bits", "residency", "coverage", "SDC", "residual FIT"),
        [
            (
                _code(x.name),
                x.memory or "none",
                f"{x.bits:,}",
                f"{x.residency:.3g}",
                f"{x.coverage:.3g}",
                str(x.sdc),
                f"{x.residual:.3g}",
            )
            for x in report.targets
        ],
    )


def _budget(report: FitReport) -> str:
    verdict = "within" if report.within_budget else "not shown to be within"
    return f"{report.budget:g} FIT; the upper end, {report.residual.high:.3g} FIT, is {verdict} it"


def _results(found: CampaignStatistics, directory: str | Path) -> Iterator[str]:
    yield "## Results"
    yield ""
    yield (
        "Shares of inferences with a fault, in percent, with 95 % intervals. Reproduce with "
        f"`onnxfi campaign summary {directory} --json`. An interval whose lower end is 0 is an "
        "upper limit, not a proof of absence."
    )
    yield ""
    names = ("sdc", "due", "benign", "masked")
    rows = [
        ("whole network", _code(x.error_model), *(_rate(x.per_inference[name]) for name in names))
        for x in found.network
    ]
    rows += [
        (
            _code(x.key["target"]),
            _code(x.key["error_model"]),
            *(_rate(x.per_inference[name]) for name in names),
        )
        for x in sorted(found.groups["target"], key=lambda x: -x.per_inference["sdc"].share)
    ]
    yield from _table(("target", "error model", *names), rows)


def _protections(
    opened: RunDirectory, found: CampaignStatistics, directory: str | Path
) -> Iterator[str]:
    yield "## Protections"
    yield ""
    try:
        text = load(opened.configuration.model).ir_model.metadata_props.get(PROTECTIONS_KEY)
    except OnnxfiError:
        text = None
    protected = {} if text is None else json.loads(text)
    if not protected and found.detection is None:
        yield "The model has none that onnxfi added."
        return
    yield from (f"- **{name}** at {', '.join(map(_code, at))}" for name, at in protected.items())
    if found.detection is None:
        return
    yield ""
    yield f"{describe_false_alarms(found.detection)} Reproduce with"
    yield f"`onnxfi campaign summary {directory} --rate flagged --rate unflagged_sdc`."
    yield ""
    unflagged = {x.error_model: x.per_inference[UNFLAGGED_SDC] for x in found.network}
    yield from _table(
        ("target", "error model", "diagnostic coverage, %"),
        [
            (
                _code(x.target) if x.target else "whole network",
                _code(x.error_model),
                _rate(x.coverage),
            )
            for x in (*found.detection.network, *found.detection.targets)
        ],
    )
    yield ""
    for error_model, rate in unflagged.items():
        yield (
            f"Silent and not flagged under `{error_model}`: {_rate(rate)} % of the inferences with "
            "a fault."
        )


def _not_covered(report: FitReport | None) -> Iterator[str]:
    yield "## Not covered"
    yield ""
    yield from (f"- {x}" for x in _NOT_COVERED)
    if report is not None and report.missing:
        names = ", ".join(map(_code, report.missing))
        yield f"- Targets that lie in no memory of the rates: {names}."


def _reproduction(opened: RunDirectory, directory: str | Path) -> Iterator[str]:
    yield "## How to reproduce"
    yield ""
    yield "```bash"
    yield f"onnxfi campaign verify {directory}    # the records are whole, and a sample runs again"
    yield f"onnxfi campaign replay {directory} --id 0    # one injection, bit by bit"
    yield f"onnxfi campaign run {directory}/campaign.yaml --out again    # the whole campaign"
    yield "```"
    yield ""
    yield "The configuration:"
    yield ""
    yield "```yaml"
    yield opened.configuration.to_yaml().rstrip()
    yield "```"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        cells = (str(x).replace("|", r"\|") for x in row)
        yield f"| {' | '.join(cells)} |"


def _code(name: str) -> str:
    return f"`{name}`"


def _rate(rate: Rate | WeightedRate) -> str:
    return f"{100 * rate.share:.2f} [{100 * rate.low:.2f}, {100 * rate.high:.2f}]"
