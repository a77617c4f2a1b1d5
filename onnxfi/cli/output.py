"""Writes results to stdout, and messages to stderr."""

import json
import math
import re
from typing import Any

import typer
from rich.console import Console

# Tensor and file names are data: "[bold]" and ":dog:" in them are not markup.
_PLAIN: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}

#: The console for progress and messages, which --quiet silences.
messages = Console(stderr=True, soft_wrap=True, **_PLAIN)
#: The console for errors and warnings.
errors = Console(stderr=True, soft_wrap=True, **_PLAIN)

# Letters. Longer names, and messages, are not read.
_LONGEST_WORD = 200
_LONGEST_MESSAGE = 2_000


def print_error(error: Exception | str) -> None:
    """Print the message of an error: long words and texts shortened, control characters escaped.

    Names come from files of strangers.
    """
    text = "".join(x if x.isprintable() or x == "\n" else repr(x)[1:-1] for x in str(error))
    text = re.sub(r"\S+", lambda word: _middle(word[0], _LONGEST_WORD), text)
    errors.print(f"Error: {_middle(text, _LONGEST_MESSAGE)}", style="red")


def _middle(text: str, longest: int) -> str:
    """Return a text without its middle, if it is too long."""
    kept = longest // 2
    return text if len(text) <= longest else f"{text[:kept]}…{text[-kept:]}"


def print_json(document: Any) -> None:
    """Print a result as JSON; NaN and infinities become strings, because JSON lacks them."""
    typer.echo(json.dumps(_finite(document), indent=2, allow_nan=False))


def _finite(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _finite(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [_finite(value) for value in document]
    if isinstance(document, float) and not math.isfinite(document):
        return str(document)
    return document
