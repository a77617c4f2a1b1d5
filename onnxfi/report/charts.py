"""Makes the charts of a report as plotly figures.

A figure is a dictionary that plotly.js draws, so plotly itself is not imported.
"""

import html
from collections import Counter
from collections.abc import Sequence
from typing import Any

from onnxfi.error_models import BitLayout
from onnxfi.statistics import GroupStatistics

# Worst first, so that sdc starts at zero and the axis shows its interval. The colours differ in
# lightness for colour-blind readers and for print.
OUTCOME_COLOURS = {"sdc": "#d55e00", "due": "#332288", "benign": "#56b4e9", "masked": "#d9d9d9"}

_ROW_HEIGHT = 30  # pixels
_FRAME_HEIGHT = 120  # pixels
_LONGEST_LABEL = 48  # characters
_FONT = {"family": "system-ui, sans-serif", "size": 13, "color": "#1b1f24"}


def outcome_chart(summary: Sequence[GroupStatistics]) -> dict[str, Any]:
    """Make stacked horizontal bars of the outcomes, one bar per row of the summary.

    An error bar shows the 95 % interval of sdc.

    Args:
        summary: the statistics by target, at least one; the first becomes the topmost bar.
    """
    # Bars are placed at numbers, because two rows may have the same label.
    places = list(range(len(summary)))
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": outcome,
            "y": places,
            "x": [100 * row.per_inference[outcome].share for row in summary],
            "customdata": [[row.per_inference[outcome].count, row.injections] for row in summary],
            "marker": {"color": colour},
            "hovertemplate": f"{outcome} %{{x:.1f}} % (%{{customdata[0]}} of %{{customdata[1]}})"
            "<extra></extra>",
        }
        for outcome, colour in OUTCOME_COLOURS.items()
    ]
    layout = _layout(_FRAME_HEIGHT + _ROW_HEIGHT * len(summary))
    layout["xaxis"] = {
        "title": {"text": "share of injections (%)"},
        "range": [0, 100],
        "fixedrange": True,
    }
    layout["yaxis"] = {
        "tickvals": places,
        "ticktext": [_plotly_text(label) for label in bar_labels(summary)],
        "range": [len(summary) - 0.5, -0.5],
        "automargin": True,
        "fixedrange": True,
    }
    return {"data": [*bars, *_sdc_interval(summary, places)], "layout": layout}


def _sdc_interval(summary: Sequence[GroupStatistics], places: list[int]) -> list[dict[str, Any]]:
    """Return the traces of the sdc interval: the error bar on a light halo."""
    rates = [row.per_inference["sdc"] for row in summary]
    traces = []
    for colour, thickness, is_halo in (("#ffffff", 5, True), ("#1b1f24", 1.5, False)):
        error = {
            "type": "data",
            "symmetric": False,
            "array": [100 * (rate.high - rate.share) for rate in rates],
            "arrayminus": [100 * (rate.share - rate.low) for rate in rates],
            "color": colour,
            "thickness": thickness,
            "width": 4,
        }
        trace = {
            "type": "scatter",
            "mode": "markers",
            "name": "sdc, 95 % interval",
            "y": places,
            "x": [100 * rate.share for rate in rates],
            "marker": {"color": colour, "size": 5, "symbol": "diamond"},
            "error_x": error,
            "hoverinfo": "skip",
            "legendgroup": "interval",
            "showlegend": not is_halo,
        }
        traces.append(trace)
    return traces


def bar_labels(summary: Sequence[GroupStatistics]) -> list[str]:
    """Label each row with its layer, plus target and error model if layers are ambiguous."""
    keys = [row.key for row in summary]
    several_models = len({key["error_model"] for key in keys}) > 1
    targets_of = Counter(layer for layer, _ in {(key["layer"], key["target"]) for key in keys})
    labels = []
    for key in keys:
        label = str(key["layer"] or key["target"])
        if key["layer"] and targets_of[key["layer"]] > 1:
            label += f" ({key['target']})"
        if several_models:
            label += f" · {key['error_model']}"
        labels.append(label)
    return labels


def bit_chart(
    bits: Sequence[GroupStatistics], *, layout: BitLayout | None = None
) -> dict[str, Any]:
    """Make stacked bars of the outcomes by flipped bit, with the high bits on the right.

    Args:
        bits: the statistics by bit, at least one.
        layout: the bit layout of the targets' dtype, to label the sign, exponent and mantissa.
    """
    ordered = sorted(bits, key=lambda row: int(row.key["bit"]))
    numbers = [int(row.key["bit"]) for row in ordered]
    data = [
        {
            "type": "bar",
            "name": outcome,
            "x": numbers,
            "y": [100 * row.per_inference[outcome].share for row in ordered],
            "customdata": [[row.per_inference[outcome].count, row.injections] for row in ordered],
            "marker": {"color": colour},
            "hovertemplate": f"bit %{{x}}: {outcome} %{{y:.1f}} % "
            "(%{customdata[0]} of %{customdata[1]})<extra></extra>",
        }
        for outcome, colour in OUTCOME_COLOURS.items()
    ]
    width = max(numbers[-1] + 1, layout.width if layout else 0)
    figure = _layout(380)
    figure["xaxis"] = {
        "title": {"text": "flipped bit (0 is the least significant)"},
        "range": [-0.6, width - 0.4],
        "dtick": 1 if width <= 32 else 4,
        "tickangle": 0,
        "fixedrange": True,
    }
    figure["yaxis"] = {
        "title": {"text": "share of injections (%)"},
        "range": [0, 100],
        "fixedrange": True,
    }
    if layout is not None:
        _name_regions(figure, layout)
    return {"data": data, "layout": figure}


def _name_regions(figure: dict[str, Any], layout: BitLayout) -> None:
    """Label the sign, exponent and mantissa bits above the bars."""
    regions = {"mantissa": layout.mantissa, "exponent": layout.exponent, "sign": layout.sign}
    figure["shapes"] = []
    figure["annotations"] = []
    for name, bits in regions.items():
        if not bits:
            continue
        ends = {"x0": bits.start - 0.4, "x1": bits.stop - 0.6}
        line = {"color": "#57606a", "width": 2}
        height = {"yref": "paper", "y0": 1.02, "y1": 1.02}
        figure["shapes"].append({"type": "line", **ends, **height, "line": line})
        figure["annotations"].append(
            {
                "text": name,
                "x": (bits.start + bits.stop - 1) / 2,
                "yref": "paper",
                "y": 1.03,
                "yanchor": "bottom",
                "showarrow": False,
            }
        )


def _layout(height: int) -> dict[str, Any]:
    """Return the layout that both charts share; the height is in pixels."""
    return {
        "barmode": "stack",
        "bargap": 0.3,
        "height": height,
        "margin": {"l": 60, "r": 20, "t": 60, "b": 50},
        "font": _FONT,
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        # The legend stays at the top of the figure for any number of bars.
        "legend": {
            "orientation": "h",
            "traceorder": "normal",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "x": 0,
        },
    }


def _plotly_text(text: str) -> str:
    """Shorten and escape a label, because plotly.js interprets tags in labels."""
    if len(text) > _LONGEST_LABEL:
        half = (_LONGEST_LABEL - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return html.escape(text, quote=False)
