"""``onnxfi schema``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.atomic_write import atomic_write
from onnxfi.cli.output import messages
from onnxfi.configuration import json_schema
from onnxfi.errors import ConfigurationError


def schema(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it to this file.")
    ] = None,
) -> None:
    """Print the JSON Schema of campaign.yaml.

    Editors complete and check a campaign.yaml that names it in its first line:
    # yaml-language-server: $schema=onnxfi.schema.json

    Example: onnxfi schema -o onnxfi.schema.json
    """
    if out is None:
        typer.echo(schema_text(), nl=False)
        return
    write_text(out, schema_text())
    messages.print(f"Wrote {out}.")


def schema_text() -> str:
    """Return the JSON Schema of campaign.yaml as text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        with atomic_write(path) as aside:
            aside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Choose another --out."
        ) from error
