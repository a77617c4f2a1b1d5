"""``onnxfi error-models merge``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.output import messages
from onnxfi.error_models.spatial.files import SpatialFile, format_spatial_file
from onnxfi.error_models.spatial.fitting import merge as merge_models
from onnxfi.error_models.spatial.library import read_model
from onnxfi.errors import ErrorModelError

OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write it here; by default to stdout."),
]


def merge(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL[:WEIGHT]...",
            help="A file of a spatial model or a built-in name, and its weight: 1 by default.",
        ),
    ],
    *,
    out: OutOption = None,
) -> None:
    """Merge spatial models: the result draws from each as often as its weight says.

    Only the ratios of the weights count. Files may be in onnxfi's schema or CLASSES v2.

    Example: onnxfi error-models merge relu:0.8 b.json:0.2 -o merged.json
    """
    weighted = [_with_weight(each) for each in models]
    files = [read_model(name) for name, _ in weighted]
    distribution = merge_models(
        [(file.distribution, weight) for file, (_, weight) in zip(files, weighted, strict=True)]
    )
    sources = [
        f"{weight:g} of {Path(name).name}" + (f" ({file.source})" if file.source else "")
        for file, (name, weight) in zip(files, weighted, strict=True)
    ]
    write_model(SpatialFile(distribution, f"Merged: {'; '.join(sources)}"), out)


def _with_weight(text: str) -> tuple[str, float]:
    name, colon, weight = text.rpartition(":")
    if not colon or Path(text).exists():
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        raise ErrorModelError(
            f"a model and its weight are written model.json:0.8, got {text!r}"
        ) from None


def write_model(file: SpatialFile, out: Path | None) -> None:
    """Write a spatial model to a file, or to stdout.

    Raises:
        ErrorModelError: the file cannot be written.
    """
    text = format_spatial_file(file)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ErrorModelError(f"{out} cannot be written: {error.strerror}") from error
    messages.print(f"Wrote {out}: use it as spatial:model={out}")
