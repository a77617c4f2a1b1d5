"""Writes the report of a campaign."""

from pathlib import Path

from onnxfi.report.figures import Replay
from onnxfi.report.page.explanations import (
    definitions,
    due_rates,
    facts,
    how_counted,
    subtitle,
    wrong_answer,
)
from onnxfi.report.page.findings import Findings
from onnxfi.report.page.rendering import render, write_page
from onnxfi.report.page.sections import sections
from onnxfi.report.plots import Plots
from onnxfi.report.sentences import sentence
from onnxfi.report.target_names import target_names


def write_campaign_report(
    directory: str | Path, out: str | Path | None = None, *, replay: Replay | None = None
) -> Path:
    """Write the report of a campaign, finished or not, as one HTML file.

    The file is readable offline and requests nothing from any network.

    Args:
        directory: the run directory, or its address.
        out: the file to write; by default ``report.html`` in the run directory, which must then be
            a folder.
        replay: runs an injection again (`onnxfi.campaign.replay`), to show the golden and faulty
            outputs of the worst injections; None leaves them out.

    Returns:
        The file written.

    Raises:
        ConfigurationError: the directory holds no campaign or no records yet, or the file cannot be
            written.
        MissingExtraError: jinja2 is not installed.
    """
    plots = Plots(directory, replay=replay)
    findings = Findings.read(directory, plots)
    target = findings.directory.path / "report.html" if out is None else Path(out)
    return write_page(target, campaign_page(findings, plots))


def campaign_page(findings: Findings, plots: Plots) -> str:
    """Return the report of a campaign as HTML."""
    labels = target_names(x.key for x in findings.targets)
    shown = sections(findings, plots, labels)
    return render(
        "report.html.j2",
        title=f"Fault injection: {findings.directory.configuration.model.stem}",
        subtitle=subtitle(findings),
        contents=[
            ("answer", "The answer"),
            *((x.id, x.heading) for x in shown),
            ("about", "About this campaign"),
        ],
        answers=[(x, sentence(x)) for x in findings.answers],
        wrong=wrong_answer(findings.directory.configuration.metric.name),
        due=due_rates(findings),
        how=how_counted(findings),
        sections=shown,
        definitions=definitions(findings.directory.configuration.metric.name),
        facts=facts(findings),
        configuration=findings.directory.configuration.to_yaml(),
    )
