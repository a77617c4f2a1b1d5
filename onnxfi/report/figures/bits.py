"""Draws the SDC rate by flipped bit."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np

from onnxfi.error_models import BitLayout, bit_layout
from onnxfi.errors import ErrorModelError
from onnxfi.report.counts import Counted
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.rate_axis import highest, rate_trace, vertical_axis, vertical_rate
from onnxfi.report.figures.scale import Scale
from onnxfi.report.figures.text import plural, rate_text, share_shown, shorten, width_of

# Sizes in pixels.
_LEFT = 40.0
_PANEL = 110.0
_HEAD = 36.0
_AXIS = 22.0
_BETWEEN = 18.0

_Panel = tuple[str, str]


def bits_figure(bits: Sequence[Counted]) -> Figure:
    """Return the figure of the bits.

    Args:
        bits: the counts by bit, dtype and error model; at least one.
    """
    panels = panels_of(bits)
    return Figure(
        title="SDC by flipped bit",
        caption=f"The {share_shown(x.sdc for x in bits)}, with its 95 % "
        "interval, by the flipped bit; bit 0 is the least significant. Only injections that flip "
        "exactly one bit count. Each error model has its own scale.",
        alt=" ".join(_sentence(panel, found) for panel, found in panels.items()),
        _draw=lambda width: _draw(panels, width),
        _plotly=lambda: _plotly(panels),
    )


def panels_of(bits: Sequence[Counted]) -> dict[_Panel, list[Counted]]:
    """Return the counts by error model and dtype, each ordered by bit."""
    found: dict[_Panel, list[Counted]] = {}
    for x in sorted(bits, key=lambda x: int(x.key["bit"])):
        found.setdefault((x.error_model, str(x.key["dtype"])), []).append(x)
    order = list(dict.fromkeys(x.error_model for x in bits))
    return {key: found[key] for key in sorted(found, key=lambda key: (order.index(key[0]), key[1]))}


def layout_of(dtype: str) -> BitLayout | None:
    """Return the bit layout of a dtype's name; None for several dtypes."""
    try:
        return bit_layout(np.dtype(dtype))
    except (TypeError, ErrorModelError):
        return None


def width_of_bits(dtype: str, bits: Sequence[int]) -> int:
    """Return the number of bits of a dtype, or as many as occur."""
    layout = layout_of(dtype)
    return max(max(bits, default=0) + 1, layout.width if layout else 0)


def regions_of(dtype: str) -> dict[str, range]:
    """Return the bits of the sign, the exponent and the mantissa, if the dtype has them."""
    layout = layout_of(dtype)
    if layout is None:
        return {}
    regions = {"mantissa": layout.mantissa, "exponent": layout.exponent, "sign": layout.sign}
    return {name: bits for name, bits in regions.items() if bits}


def panel_name(panel: _Panel, panels: Sequence[_Panel]) -> str:
    """Return the error model of a panel, with the dtype if the error model has several."""
    model, dtype = panel
    several = sum(x[0] == model for x in panels) > 1
    return f"{model}, {dtype}" if several else model


def draw_regions(
    drawing: Drawing, dtype: str, left: float, cell: float, top: float, bottom: float
) -> None:
    """Name the regions of the bits above a panel, with lines between them.

    Args:
        drawing: the picture.
        dtype: the dtype's name.
        left: left end of bit 0 in pixels.
        cell: width of a bit in pixels.
        top: where the names are written.
        bottom: where the lines between the regions end.
    """
    for name, bits in regions_of(dtype).items():
        start, stop = left + bits.start * cell, left + bits.stop * cell
        middle = (start + stop) / 2
        if bits.start:
            drawing.line(start, top - SMALL, start, bottom, look="axis")
        fits = width_of(name, SMALL) <= stop - start + 4
        drawing.text(
            middle, top, name if fits else name[:1], look="soft", anchor="middle", size=SMALL
        )


def draw_bit_numbers(
    drawing: Drawing, count: int, left: float, cell: float, baseline: float
) -> None:
    """Write the numbers of the bits, as many as fit."""
    room = width_of("00", SMALL) + 4
    step = next(x for x in (1, 2, 4, 8, 16, 32, 64) if x * cell >= room or x == 64)
    for bit in range(0, count, step):
        x = left + (bit + 0.5) * cell
        drawing.text(x, baseline, str(bit), look="soft", anchor="middle", size=SMALL)


def _sentence(panel: _Panel, found: Sequence[Counted]) -> str:
    model, dtype = panel
    worst = max(found, key=lambda x: x.sdc.share)
    if not worst.sdc.count:
        return (
            f"{model}, {dtype}: no SDC in {plural(sum(x.injections for x in found), 'injection')}."
        )
    return f"{model}, {dtype}: SDC is highest at bit {worst.key['bit']}, {rate_text(worst.sdc)}."


def _draw(panels: dict[_Panel, list[Counted]], width: float) -> Drawing:
    drawing = Drawing(width)
    top = 0.0
    for panel, found in panels.items():
        name = panel_name(panel, list(panels))
        count = width_of_bits(panel[1], [int(x.key["bit"]) for x in found])
        cell = (width - _LEFT) / max(count, 8)
        bottom = top + _HEAD + _PANEL
        total = plural(sum(x.injections for x in found), "injection")
        room = width - width_of(total, SMALL) - 12
        short = shorten(name, FONT, room)
        drawing.text(_LEFT, top + 12, short, look="bold", hover=name)
        drawing.text(width, top + 12, total, look="soft", anchor="end", size=SMALL)
        scale = Scale.of(highest([x.sdc for x in found]), bottom, top + _HEAD)
        vertical_axis(drawing, scale, _LEFT, _LEFT + count * cell)
        draw_regions(drawing, panel[1], _LEFT, cell, top + _HEAD - 8, bottom)
        for x in found:
            bit = int(x.key["bit"])
            vertical_rate(drawing, scale, _LEFT + (bit + 0.5) * cell, x.sdc, name=f"bit {bit}")
        draw_bit_numbers(drawing, count, _LEFT, cell, bottom + FONT + 3)
        top = bottom + _AXIS + _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _plotly(panels: dict[_Panel, list[Counted]]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 120 + 200 * len(panels)}
    each = 1 / len(panels)
    for number, (panel, found) in enumerate(panels.items()):
        axis = str(number + 1) if number else ""
        trace = rate_trace([x.sdc for x in found], [int(x.key["bit"]) for x in found], along="y")
        data.append(trace | {"xaxis": f"x{axis}", "yaxis": f"y{axis}"})
        top = 1 - number * each
        layout[f"yaxis{axis}"] = {
            "domain": [top - 0.72 * each, top],
            "title": {"text": "SDC (%)"},
            "rangemode": "tozero",
        }
        name = html.escape(panel_name(panel, list(panels)))
        layout[f"xaxis{axis}"] = {"anchor": f"y{axis}", "title": {"text": f"bit ({name})"}}
    return {"data": data, "layout": layout}
