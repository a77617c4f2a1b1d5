"""``onnxfi campaign check``."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree

import typer

from onnxfi.atomic_write import atomic_write
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import messages, print_json
from onnxfi.errors import ConfigurationError, InputError
from onnxfi.failure_rates import fit
from onnxfi.statistics import Check, Finding, check_campaign

_FAILED = 1


def check(
    directory: DirectoryArgument,
    *,
    max_sdc: Annotated[
        float | None, typer.Option(help="The highest sdc rate, such as 0.03.")
    ] = None,
    max_due: Annotated[float | None, typer.Option(help="The highest due rate.")] = None,
    max_fit: Annotated[
        float | None, typer.Option(help="The highest residual rate in FIT; needs --rates.")
    ] = None,
    rates: Annotated[
        Path | None, typer.Option(metavar="FIT.YAML", help="The raw rates for --max-fit.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="DIR", help="An earlier campaign.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--md", metavar="FILE", help="Write the result as Markdown.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result as JUnit XML.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a campaign against limits.

    A limit holds if the upper end of the 95 % interval is at most the limit. With --baseline, sdc
    must not have risen significantly. The exit status is 1 if a check fails, or if there are too
    few injections to tell.

    Example: onnxfi campaign check runs/lenet --max-sdc 0.03
    """
    findings: list[Finding] = []
    if max_sdc is not None or max_due is not None or baseline is not None or max_fit is None:
        found = check_campaign(directory, max_sdc=max_sdc, max_due=max_due, baseline=baseline)
        findings += found.findings
    if max_fit is not None:
        findings.append(_check_fit(directory, rates, max_fit))
    done = Check(str(directory), findings)
    for path, text in ((markdown, _markdown(done)), (junit, _junit(done))):
        if path is not None:
            _write(path, text)
    if as_json:
        print_json({**asdict(done), "passed": done.passed})
    else:
        for each in findings:
            typer.echo(f"{each.verdict}: {each.sentence}")
    if not done.passed:
        raise typer.Exit(_FAILED)


def _check_fit(directory: str, rates: Path | None, limit: float) -> Finding:
    if rates is None:
        raise ConfigurationError("--max-fit needs the raw rates of the memories: --rates fit.yaml.")
    rate = fit(directory, rates).residual
    said = f"The residual failure rate is {rate}"
    if rate.high <= limit:
        return Finding("residual FIT", "passed", f"{said}: at most the limit of {limit:g} FIT.")
    if rate.fit >= limit:
        return Finding("residual FIT", "failed", f"{said}: above the limit of {limit:g} FIT.")
    sentence = f"{said}: the upper end is above the limit of {limit:g} FIT. Run more injections."
    return Finding("residual FIT", "undecided", sentence)


def _markdown(done: Check) -> str:
    state = "passed" if done.passed else "failed"
    lines = [f"## Fault injection: {state}", "", "| check | verdict | |", "|---|---|---|"]
    lines += [f"| {_cell(x.name)} | {x.verdict} | {_cell(x.sentence)} |" for x in done.findings]
    return "\n".join([*lines, "", f"`onnxfi report {done.place}` has the details.", ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _junit(done: Check) -> str:
    wrong: Sequence[Finding] = [x for x in done.findings if x.verdict != "passed"]
    suite = ElementTree.Element(
        "testsuite",
        {"name": "onnxfi", "tests": str(len(done.findings)), "failures": str(len(wrong))},
    )
    for each in done.findings:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": f"onnxfi.{done.place}", "name": each.name}
        )
        if each.verdict != "passed":
            failure = ElementTree.SubElement(case, "failure", {"message": each.sentence})
            failure.text = each.verdict
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as aside:
            aside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    messages.print(f"Written: {path}")
