"""Renders pages, and writes them."""

import base64
import hashlib
import importlib.resources
import re
from pathlib import Path
from typing import Any

from onnxfi.atomic_write import atomic_write
from onnxfi.errors import ConfigurationError, MissingExtraError
from onnxfi.report.figures import css_variables
from onnxfi.report.figures.palette import style as figure_style
from onnxfi.report.figures.text import clean, grouped, percent
from onnxfi.statistics import Difference, Rate, WeightedRate

_TEMPLATES = "onnxfi.report.page"
_SPACE = "\N{NO-BREAK SPACE}"
# Where long names may break; none of these occurs in an escaped character.
_BREAKS = re.compile(r"[/_.:]+")


def render(template: str, **content: Any) -> str:
    """Return a page; every text in it is escaped, except `Markup`.

    Args:
        template: name of the template.
        **content: what the template shows.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        import jinja2
        import markupsafe
    except ImportError as error:
        raise MissingExtraError(
            f"A report needs jinja2, and {error.name} is not installed. Install the extra report: "
            "pip install 'onnxfi[report]'."
        ) from error
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FunctionLoader(_read),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "percent": _percent,
        "interval": _interval,
        "cell_rate": lambda rate: markupsafe.Markup(_cell_rate(rate)),
        "points": _points,
        "points_interval": _points_interval,
        "name": lambda text: markupsafe.Markup(
            _breakable(str(markupsafe.escape("" if text is None else text)))
        ),
        "number": lambda x: "" if x is None else grouped(x),
    }
    script = _read("page.js")
    digest = hashlib.sha256(script.encode()).digest()
    style = environment.get_template("style.css").render(
        light=markupsafe.Markup(css_variables()),
        dark=markupsafe.Markup(css_variables(dark=True)),
        figures=markupsafe.Markup(figure_style()),
    )
    return environment.get_template(template).render(
        **content,
        script=markupsafe.Markup(script),
        script_hash=base64.b64encode(digest).decode(),
        style=markupsafe.Markup(style),
    )


def write_page(out: Path, page: str) -> Path:
    """Write a page atomically: an older one stays until the new one is complete.

    Args:
        out: the file to write; its folder is created if it is missing.
        page: the page.

    Returns:
        The path ``out``.

    Raises:
        ConfigurationError: ``out`` is a directory, or cannot be written.
    """
    if out.is_dir():
        raise ConfigurationError(
            f"{out} is a directory, and a report is written to a file. Choose another `out`."
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(out) as aside:
            # Names of files may hold bytes that are not text.
            aside.write_bytes(clean(page).encode("utf-8", errors="replace"))
    except OSError as error:
        raise ConfigurationError(
            f"{out} cannot be written: {error}. Choose another `out`."
        ) from error
    return out


def _read(name: str) -> str:
    source = importlib.resources.files(_TEMPLATES) / "templates" / name
    return source.read_text(encoding="utf-8")


def _breakable(name: str) -> str:
    return _BREAKS.sub(r"\g<0><wbr>", name)


def _percent(share: float, decimals: int | None = None) -> str:
    value = percent(share) if decimals is None else f"{100 * share:.{decimals}f}"
    return f"{value}{_SPACE}%"


def _interval(rate: Rate | WeightedRate) -> str:
    return f"[{percent(rate.low)}, {percent(rate.high)}]"


def _cell_rate(rate: Rate | WeightedRate) -> str:
    return f'{_percent(rate.share)} <span class="interval">{_interval(rate)}</span>'


def points(share: float) -> str:
    """Return a difference of shares in percentage points, with their sign."""
    value = 100 * share
    text = f"{value:+.1f}" if value == 0 or abs(value) >= 0.95 else f"{value:+.2f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _points(difference: Difference | None) -> str:
    return "" if difference is None else points(difference.value)


def _points_interval(difference: Difference | None) -> str:
    return "" if difference is None else f"[{points(difference.low)}, {points(difference.high)}]"
