"""Defines the colours of the figures, as CSS variables with light and dark values.

The hues are those of Okabe and Ito, which colour-blind readers tell apart; the steps of shares grow
in lightness alone, so that they survive print.
"""

import re

# Name of each variable: light value, dark value.
_COLOURS = {
    "ink": ("#1b1f24", "#e6edf3"),
    "soft": ("#57606a", "#9da7b1"),
    "rule": ("#d8dee4", "#30363d"),
    "band": ("#f2f4f6", "#171d25"),
    "paper": ("#ffffff", "#0d1117"),
    "sdc": ("#c24e00", "#ff9a52"),
    "due": ("#332288", "#b3a5ff"),
    "benign": ("#0072b2", "#56b4e9"),
    "masked": ("#8c959f", "#7d8590"),
    "q0": ("#fdf0e2", "#241a12"),
    "q1": ("#fbdcbb", "#3d2814"),
    "q2": ("#f6c08b", "#5a3614"),
    "q3": ("#eea05c", "#7e4914"),
    "q4": ("#de7f35", "#a86018"),
    "q5": ("#b85412", "#d18432"),
    "q6": ("#8c3d0b", "#efab63"),
    "q7": ("#5e2607", "#ffd6a8"),
    "on-low": ("#1b1f24", "#f6e9dc"),
    "on-high": ("#ffffff", "#1c1209"),
}
#: Number of steps of a share's colour.
STEPS = 8
# The first step whose text is drawn in the colour for dark steps.
_HIGH = 5

_PREFIX = "--onnxfi-"
_VARIABLE = re.compile(rf"var\({_PREFIX}[\w-]+,(#[0-9a-f]{{6}})\)")
_FONT = "system-ui,'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif"


def css_variables(*, dark: bool = False) -> str:
    """Return the declarations of all variables, for a page's ``:root`` rule."""
    return "".join(f"{_PREFIX}{name}:{both[dark]};" for name, both in _COLOURS.items())


def colour(name: str) -> str:
    """Return the light value of a colour."""
    return _COLOURS[name][0]


def resolved(svg: str) -> str:
    """Return an SVG whose variables are replaced by their light values."""
    return _VARIABLE.sub(r"\1", svg)


def style() -> str:
    """Return the style sheet of a figure; its rules apply to nothing outside a figure."""
    rules = {
        "text": f"font-family:{_FONT};fill:{_var('ink')}",
        ".soft": f"fill:{_var('soft')}",
        ".bold": "font-weight:600",
        ".rule": f"stroke:{_var('rule')};stroke-width:.7;fill:none",
        ".axis": f"stroke:{_var('soft')};stroke-width:1;fill:none",
        ".band": f"fill:{_var('band')}",
        ".paper": f"fill:{_var('paper')}",
        ".empty": f"fill:none;stroke:{_var('rule')};stroke-width:1",
        ".on-low": f"fill:{_var('on-low')}",
        ".on-high": f"fill:{_var('on-high')}",
        ".plain": f"fill:{_var('paper')};stroke:{_var('soft')};stroke-width:1",
        ".joint": f"fill:{_var('soft')}",
        ".ring": f"stroke:{_var('soft')};stroke-width:.8",
        ".edge": f"stroke:{_var('masked')};stroke-width:1;fill:none",
    }
    for name in ("sdc", "due", "benign", "masked"):
        rules[f".{name}"] = f"fill:{_var(name)}"
        rules[f".{name}-range"] = f"stroke:{_var(name)};stroke-width:1.3;stroke-opacity:.6"
        rules[f".{name}-line"] = f"stroke:{_var(name)};stroke-width:1.5;fill:none"
    for step in range(STEPS):
        rules[f".q{step}"] = f"fill:{_var(f'q{step}')}"
    return "".join(f".onnxfi-figure {where}{{{what}}}" for where, what in rules.items())


def step_of(share: float, highest: float) -> int:
    """Return the step of a share on a scale that ends at the highest share."""
    return 0 if highest <= 0 else min(STEPS - 1, int(STEPS * share / highest))


def text_on(step: int) -> str:
    """Return the class of text that is drawn on a step."""
    return "on-high" if step >= _HIGH else "on-low"


def _var(name: str) -> str:
    return f"var({_PREFIX}{name},{colour(name)})"
