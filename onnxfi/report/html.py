"""Writing a report: one HTML file that can be read offline."""

import importlib.resources
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onnxfi.campaign.summary import BitSummary, Rate, TargetSummary
from onnxfi.error_models import BitLayout
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.report.charts import OUTCOME_COLOURS, bit_chart, outcome_chart
from onnxfi.whole_file import whole_file

# In the order in which an outcome is decided.
DEFINITIONS = {
    "due": "detected unrecoverable error: a NaN or Inf in the outputs that the golden outputs "
    "do not have",
    "masked": "all outputs are bit-equal to the golden outputs",
    "sdc": "silent data corruption: the metric says that the answer is wrong "
    "(for a classification, another class is on top than in the golden outputs)",
    "benign": "the outputs differ from the golden outputs, and the metric does not mind",
}


def write_report(
    out: Path,
    *,
    title: str,
    facts: Mapping[str, str],
    summary: Sequence[TargetSummary],
    bits: Sequence[BitSummary],
    layout: BitLayout | None = None,
) -> Path:
    """Write the report of a campaign as one self-contained HTML file.

    The file appears whole or not at all: an older report stays until the new one is complete.

    Args:
        out: the file to write; its folder is made where there is none.
        title: the heading.
        facts: what was run, in the order to show: model, seed, provider, versions, hashes, …
        summary: outcomes by target and error model, in the order to show.
        bits: outcomes by flipped bit; empty where no error model flips bits.
        layout: bits of the targets' dtype, to name the sign, exponent and mantissa; None where the
            targets have several dtypes.

    Returns:
        The path ``out``.

    Raises:
        MissingExtraError: jinja2 or plotly is not installed.
        ConfigurationError: ``out`` is a directory, or cannot be written.
    """
    if out.is_dir():
        raise ConfigurationError(
            f"a report is written to a file, got the directory {out}: name a file in it"
        )
    page = _render(
        title=title,
        facts=facts,
        summary=summary,
        charts=_charts(summary, bits, layout),
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(out) as aside:
            aside.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"a report must go to a file that can be written, and {out} cannot: {error}"
        ) from error
    return out


def _charts(
    summary: Sequence[TargetSummary], bits: Sequence[BitSummary], layout: BitLayout | None
) -> dict[str, dict[str, Any]]:
    """Make the charts there is data for, by the id of the element that shows them."""
    charts = {}
    if summary:
        charts["outcomes"] = outcome_chart(summary)
    if bits:
        charts["bits"] = bit_chart(bits, layout=layout)
    return charts


def _render(
    *,
    title: str,
    facts: Mapping[str, str],
    summary: Sequence[TargetSummary],
    charts: Mapping[str, Mapping[str, Any]],
) -> str:
    """Fill the template."""
    try:
        import jinja2
        import markupsafe
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtraError(
            f"a report needs jinja2 and plotly, and {error.name} is not installed: "
            "pip install 'onnxfi[report]'"
        ) from error
    # Everything but the two texts marked as markup below is escaped.
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = _percent
    environment.filters["interval"] = _interval
    template = importlib.resources.files("onnxfi.report") / "report.html.j2"
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        title=title,
        facts=facts,
        summary=summary,
        outcomes=OUTCOME_COLOURS,
        definitions=DEFINITIONS,
        chart_ids=list(charts),
        charts_json=markupsafe.Markup(_script_json(charts)),
        plotly_js=markupsafe.Markup(get_plotlyjs()) if charts else "",
    )


def _script_json(document: Mapping[str, Any]) -> str:
    """Write JSON that holds nothing an HTML parser could take for the end of a script."""
    text = json.dumps(document, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _percent(rate: Rate) -> str:
    """Write the share of a rate, such as ``12.3 %``."""
    return f"{100 * rate.share:.1f}\N{NO-BREAK SPACE}%"


def _interval(rate: Rate) -> str:
    """Write the 95 % interval of a rate in percent, such as ``[11.0, 13.7]``."""
    return f"[{100 * rate.low:.1f},\N{NO-BREAK SPACE}{100 * rate.high:.1f}]"
