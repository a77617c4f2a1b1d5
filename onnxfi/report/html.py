"""Writes a report as one HTML file that is readable offline."""

import importlib.resources
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onnxfi.atomic_write import atomic_write
from onnxfi.error_models import BitLayout
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.injector import DUE_REASONS
from onnxfi.report.charts import OUTCOME_COLOURS, bit_chart, outcome_chart
from onnxfi.statistics import (
    NOT_RECORDED,
    CampaignStatistics,
    Difference,
    MaskedAt,
    Rate,
    WeightedRate,
    describe_masking,
)

# In the order in which an outcome is decided.
DEFINITIONS = {
    "due": "detected unrecoverable error: a NaN or Inf in the outputs that the golden outputs "
    "do not have, or an execution that failed, ran out of time or exceeded its memory",
    "masked": "all outputs are bit-equal to the golden outputs",
    "sdc": "silent data corruption: the metric counts the answer as wrong "
    "(in classification: the top class differs from the golden one)",
    "benign": "the outputs differ from the golden outputs, but the metric accepts the answer",
}

# The meaning of the metrics' rates; other rates are shown by name.
RATES = {
    "sdc5": "SDC-5: the faulty top-1 class is not among the golden top-5",
    "sdc10": "SDC-10 %: the score of the golden top-1 class changed by more than 10 %",
    "sdc20": "SDC-20 %: the score of the golden top-1 class changed by more than 20 %",
}
# In display order, after the outcomes by target.
_SECTIONS = {
    "layer": "Outcomes by layer",
    "operator": "Outcomes by operator",
    "bit_field": "Outcomes by bit field",
    "pattern": "Outcomes by spatial pattern",
    "value_class": "Outcomes by value class",
    "input_class": "Outcomes by class of the input",
}


def write_report(
    out: Path,
    *,
    title: str,
    facts: Mapping[str, str],
    statistics: CampaignStatistics,
    layout: BitLayout | None = None,
) -> Path:
    """Write the report of a campaign as one self-contained HTML file.

    The write is atomic: an existing report stays until the new one is complete.

    Args:
        out: the file to write; its folder is created if it is missing.
        title: the heading.
        facts: the model, seed, provider, versions, hashes and so on, in display order.
        statistics: the statistics of the records.
        layout: the bit layout of the targets' dtype, to label the sign, exponent and mantissa; None
            if the targets have several dtypes.

    Returns:
        The path ``out``.

    Raises:
        MissingExtraError: jinja2 or plotly is not installed.
        ConfigurationError: ``out`` is a directory, or cannot be written.
    """
    if out.is_dir():
        raise ConfigurationError(
            f"{out} is a directory, and a report is written to a file. Choose another --out."
        )
    page = _render(
        title=title,
        facts=facts,
        statistics=statistics,
        charts=_charts(statistics, layout),
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(out) as aside:
            aside.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{out} cannot be written: {error}. Choose another --out."
        ) from error
    return out


def _charts(statistics: CampaignStatistics, layout: BitLayout | None) -> dict[str, dict[str, Any]]:
    """Make the charts that have data, by the id of the HTML element that shows them."""
    charts = {}
    if "target" in statistics.groups:
        charts["outcomes"] = outcome_chart(statistics.groups["target"])
    if "bit" in statistics.groups:
        charts["bits"] = bit_chart(statistics.groups["bit"], layout=layout)
    return charts


def _render(
    *,
    title: str,
    facts: Mapping[str, str],
    statistics: CampaignStatistics,
    charts: Mapping[str, Mapping[str, Any]],
) -> str:
    """Return the HTML page."""
    try:
        import jinja2
        import markupsafe
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtraError(
            f"A report needs jinja2 and plotly, and {error.name} is not installed. Install the "
            "extra report: pip install 'onnxfi[report]'."
        ) from error
    # All values are escaped except for the two marked as markup below.
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = _percent
    environment.filters["interval"] = _interval
    environment.filters["points"] = _points
    template = importlib.resources.files("onnxfi.report") / "report.html.j2"
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        title=title,
        facts=facts,
        summary=statistics.groups.get("target", ()),
        network=statistics.network,
        sections=[
            (heading, statistics.groups[name])
            for name, heading in _SECTIONS.items()
            if name in statistics.groups
        ],
        due=statistics.due,
        due_reasons=[
            x for x in (*DUE_REASONS, NOT_RECORDED) if any(x in y.reasons for y in statistics.due)
        ],
        masking=[x for x in statistics.masking if any(y.tensor for y in x.masked_at)],
        masking_note=describe_masking(statistics),
        several_inputs=statistics.faults != statistics.injections,
        rates=RATES,
        outcomes=OUTCOME_COLOURS,
        definitions=DEFINITIONS,
        chart_ids=list(charts),
        charts_json=markupsafe.Markup(_script_json(charts)),
        plotly_js=markupsafe.Markup(get_plotlyjs()) if charts else "",
    )


def _script_json(document: Mapping[str, Any]) -> str:
    """Return JSON without characters that an HTML parser could read as the end of a script."""
    text = json.dumps(document, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _percent(rate: Rate | WeightedRate | MaskedAt) -> str:
    """Return a share as text, such as ``12.3 %``."""
    return f"{100 * rate.share:.1f}\N{NO-BREAK SPACE}%"


def _points(difference: Difference) -> str:
    """Return a difference in percentage points as text, such as ``+1.2``."""
    return f"{100 * difference.value:+.1f}"


def _interval(rate: Rate | WeightedRate | Difference) -> str:
    """Return a 95 % interval in percent as text, such as ``[11.0, 13.7]``."""
    return f"[{100 * rate.low:.1f},\N{NO-BREAK SPACE}{100 * rate.high:.1f}]"
