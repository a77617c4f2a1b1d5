"""Draws the golden and the faulty outputs of some injections."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from onnxfi.error_models.values import to_float64
from onnxfi.report.figures.drawing import FONT, SMALL, Drawing
from onnxfi.report.figures.figure import Figure
from onnxfi.report.figures.palette import STEPS, colour
from onnxfi.report.figures.text import shorten
from onnxfi.statistics import WorstInjection

# The most classes, and the most rows and columns of an image, that are drawn.
_CLASSES = 5
_PIXELS = 40
# Sizes in pixels.
_LEFT = 46.0
_HEAD = 22.0
_NAME = 16.0
_BETWEEN = 22.0
_BAR = 5.0
_ROW = 15.0
_LINES = 70.0
_IMAGE = 120.0
_VALUES = 130.0


class _Run(Protocol):
    @property
    def outputs(self) -> Mapping[str, Any]: ...


class Replayed(Protocol):
    """An injection that was run again, as `onnxfi.campaign.replay` returns it."""

    @property
    def golden(self) -> _Run:
        """The golden run, with its outputs."""

    @property
    def injection(self) -> _Run:
        """The injection, with its faulty outputs."""


#: Runs an injection again, given the run directory and the injection's id.
Replay = Callable[[str, int], Replayed]


@dataclass(frozen=True, slots=True)
class OutputPair:
    """The golden and the faulty outputs of one injection.

    Attributes:
        injection: the injection.
        golden: the golden outputs, by name.
        faulty: the faulty outputs; empty if the faulty execution failed.
    """

    injection: WorstInjection
    golden: Mapping[str, Any]
    faulty: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The injection in a line: its id, error model, target, bits and outcome."""
        x = self.injection
        parts = [f"injection {x.id}", x.error_model, x.target, (x.pattern or "").replace("_", " ")]
        if x.bits is not None and len(x.bits) == 1:
            parts.append(f"bit {x.bits[0]}")
        return " · ".join([*(part for part in parts if part), x.outcome])

    def shown(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Return the outputs that changed and can be drawn: name, golden and faulty values."""
        found = []
        for name, faulty in self.faulty.items():
            golden = self.golden[name]
            if not isinstance(faulty, np.ndarray) or faulty.dtype.kind in "OSU":
                continue
            same = golden.dtype == faulty.dtype and golden.tobytes() == faulty.tobytes()
            if golden.shape == faulty.shape and golden.size and not same:
                found.append((name, _of_one_sample(golden), _of_one_sample(faulty)))
        return found


def worst_figure(pairs: Sequence[OutputPair], *, metric: str) -> Figure:
    """Return the figure of some injections.

    Args:
        pairs: their outputs; at least one.
        metric: name of the campaign's metric, which says what the outputs mean.
    """
    return Figure(
        title="Outputs of the worst injections",
        caption="Outputs without the fault (grey) and with it (coloured): the highest scores of a "
        "classifier, the values of a vector, or an image. Only outputs that changed are drawn.",
        alt=" ".join(f"{x.title}: {_sentence(x)}." for x in pairs),
        _draw=lambda width: _draw(pairs, metric, width),
        _plotly=lambda: _plotly(pairs),
    )


def _sentence(pair: OutputPair) -> str:
    parts = []
    for name, golden, faulty in pair.shown():
        with np.errstate(invalid="ignore", over="ignore"):
            changed = int((golden != faulty).sum())
            moved = float(np.abs(faulty - golden).max())
        parts.append(f"{changed} of {golden.size} values of {name} changed, by up to {moved:.3g}")
    return "; ".join(parts) or "no output that can be drawn"


def _of_one_sample(values: np.ndarray) -> np.ndarray:
    """Return the first sample as numbers, without axes of length 1."""
    sample = values[0] if values.ndim > 1 else values
    return np.atleast_1d(np.squeeze(to_float64(sample)))


def _draw(pairs: Sequence[OutputPair], metric: str, width: float) -> Drawing:
    drawing = Drawing(width)
    top = 0.0
    for pair in pairs:
        short = shorten(pair.title, FONT, width)
        drawing.text(0, top + 12, short, look="bold", hover=pair.title)
        top += _HEAD
        shown = pair.shown()
        if not shown:
            drawing.text(0, top + 10, _sentence(pair), look="soft", size=SMALL)
            top += _NAME
        for name, golden, faulty in shown:
            drawing.text(0, top + 10, shorten(name, SMALL, width), look="soft", size=SMALL)
            top += _NAME
            if golden.ndim > 1:
                top = _draw_images(drawing, golden, faulty, top, is_mask=metric == "segmentation")
            elif golden.size <= 2 * _CLASSES or metric == "classification":
                top = _draw_bars(drawing, golden, faulty, top)
            else:
                top = _draw_lines(drawing, golden, faulty, top)
        top += _BETWEEN
    drawing.reach(top - _BETWEEN)
    return drawing


def _draw_bars(drawing: Drawing, golden: np.ndarray, faulty: np.ndarray, top: float) -> float:
    """Draw the scores that are highest with or without the fault."""
    finite = np.concatenate([golden, faulty])
    finite = finite[np.isfinite(finite)]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=1e-300))
    room = drawing.width - _LEFT - _VALUES

    def across(value: float) -> float:
        return _LEFT + room * (value / (high - low) - low / (high - low))

    for row, place in enumerate(_highest_classes(golden, faulty)):
        y = top + row * _ROW
        drawing.text(_LEFT - 8, y + 10, str(place), anchor="end", size=SMALL)
        values = (float(golden[place]), float(faulty[place]))
        for at, value, look in ((y + 1.5, values[0], "masked"), (y + 2 + _BAR, values[1], "sdc")):
            if np.isfinite(value):
                start, end = sorted((across(0.0), across(value)))
                drawing.rectangle(start, at, max(end - start, 0.5), _BAR, look=look)
        text = f"{values[0]:.3g} → {values[1]:.3g}"
        drawing.text(drawing.width, y + 10, text, look="soft", anchor="end", size=SMALL)
    return top + _ROW * min(_CLASSES, golden.size) + 6


def _highest_classes(golden: np.ndarray, faulty: np.ndarray) -> list[int]:
    """Return the classes with the highest scores: the golden first, the faulty first, the others.

    A NaN is no score.
    """
    scores = [np.where(np.isnan(x), -np.inf, x) for x in (golden, faulty)]
    firsts = [int(x.argmax()) for x in scores]
    others = np.argsort(-np.maximum(*scores), kind="stable").tolist()
    return list(dict.fromkeys([*firsts, *others]))[:_CLASSES]


def _draw_lines(drawing: Drawing, golden: np.ndarray, faulty: np.ndarray, top: float) -> float:
    """Draw the values of a vector; those that are not finite leave no point."""
    both = np.concatenate([golden, faulty])
    finite = both[np.isfinite(both)]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    room, span = drawing.width - _LEFT, (high - low) or 1.0
    for value in (high, low):
        y = top + _LINES * (high - value) / span
        drawing.line(_LEFT, y, drawing.width, y, look="rule")
        drawing.text(_LEFT - 4, y + 3, f"{value:.2g}", look="soft", anchor="end", size=SMALL)
    for values, look in ((golden, "masked-line"), (faulty, "sdc-line")):
        # More points than pixels would not be seen.
        places = np.unique(np.linspace(0, values.size - 1, int(room)).astype(int))
        points = [
            (_LEFT + room * place / max(values.size - 1, 1), top + _LINES * (high - value) / span)
            for place, value in zip(places.tolist(), values[places].tolist(), strict=True)
            if np.isfinite(value)
        ]
        if points:
            drawing.path(points, look=look)
    return top + _LINES + 10


def _draw_images(
    drawing: Drawing, golden: np.ndarray, faulty: np.ndarray, top: float, *, is_mask: bool
) -> float:
    """Draw the golden image, the faulty one, and where they differ."""
    before, after = (_image(x, is_mask=is_mask) for x in (golden, faulty))
    finite = before[np.isfinite(before)]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    differs = np.where(before == after, 0.0, 1.0)
    side = min(_IMAGE, (drawing.width - 40) / 3)
    panels = (
        ("golden", before, low, high),
        ("faulty", after, low, high),
        ("differs", differs, 0, 1),
    )
    bottom = top
    for number, (name, image, first, last) in enumerate(panels):
        left = number * (side + 20)
        drawing.text(left, top + 8, name, look="soft", size=SMALL)
        bottom = max(bottom, _draw_pixels(drawing, image, (left, top + 13), side, (first, last)))
    return bottom + 8


def _image(values: np.ndarray, *, is_mask: bool) -> np.ndarray:
    """Return one image of at most so many rows and columns: classes of a mask, or one channel."""
    image = values
    if image.ndim > 2:
        image = image.reshape(-1, *image.shape[-2:])
        image = image.argmax(axis=0).astype(float) if is_mask else image[0]
    steps = [-(-size // _PIXELS) for size in image.shape]
    return image[:: steps[0], :: steps[1]]


def _draw_pixels(
    drawing: Drawing,
    image: np.ndarray,
    corner: tuple[float, float],
    side: float,
    ends: tuple[float, float],
) -> float:
    """Draw an image as runs of pixels of one colour; values beyond the ends have theirs."""
    pixel: float = side / max(image.shape)
    span = (ends[1] - ends[0]) or 1.0
    known = np.where(np.isnan(image), ends[1], image)
    steps = (np.clip((known - ends[0]) / span, 0, 1) * (STEPS - 1)).round().astype(int)
    for row, line in enumerate(steps):
        starts = np.flatnonzero(np.diff(line, prepend=-1)).tolist()
        for start, end in zip(starts, [*starts[1:], line.size], strict=True):
            x, y = corner[0] + start * pixel, corner[1] + row * pixel
            look = f"q{line[start]}"
            drawing.rectangle(x, y, (end - start) * pixel + 0.1, pixel + 0.1, look=look)
    return corner[1] + int(image.shape[0]) * pixel


def _plotly(pairs: Sequence[OutputPair]) -> dict[str, Any]:
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"height": 120 + 220 * len(pairs), "showlegend": False}
    for number, pair in enumerate(pairs):
        axis = str(number + 1) if number else ""
        for _, *both in pair.shown()[:1]:
            for values, name in zip(both, ("masked", "sdc"), strict=True):
                data.append(
                    {
                        "type": "scatter",
                        "mode": "lines+markers",
                        "y": values.reshape(-1).tolist(),
                        "marker": {"color": colour(name)},
                        "name": "faulty" if name == "sdc" else "golden",
                        "xaxis": f"x{axis}",
                        "yaxis": f"y{axis}",
                    }
                )
        top = 1 - number / len(pairs)
        layout[f"yaxis{axis}"] = {"domain": [top - 0.7 / len(pairs), top]}
        layout[f"xaxis{axis}"] = {"anchor": f"y{axis}", "title": {"text": f"{pair.injection.id}"}}
    return {"data": data, "layout": layout}
