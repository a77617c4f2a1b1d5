"""``onnxfi error-models merge``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.output import messages, print_json
from onnxfi.error_models.spatial.files import SpatialFile, format_spatial_file
from onnxfi.error_models.spatial.fitting import merge as merge_models
from onnxfi.error_models.spatial.library import read_model
from onnxfi.errors import ErrorModelError

OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="The file to write; default: stdout."),
]


def merge(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL[:WEIGHT]...",
            help="A spatial model file or built-in name, with its weight; default weight: 1.",
        ),
    ],
    *,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Merge spatial models into one.

    The result draws from each model in proportion to its weight. Only the ratios of the weights
    matter. Files may be in onnxfi's schema or CLASSES v2.

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
    write_model(SpatialFile(distribution, f"Merged: {'; '.join(sources)}"), out, as_json=as_json)


def _with_weight(text: str) -> tuple[str, float]:
    name, colon, weight = text.rpartition(":")
    if not colon or Path(text).exists():
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        raise ErrorModelError(
            f"MODEL must be a file or name, optionally with a weight (model.json:0.8), got {text!r}"
        ) from None


def write_model(file: SpatialFile, out: Path | None, *, as_json: bool) -> None:
    """Write a spatial model to a file, or to stdout, where it is JSON in any case.

    Args:
        file: the spatial model.
        out: the file to write; None for stdout.
        as_json: print the file and the spec that names it, instead of a message.

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
        raise ErrorModelError(
            f"{out} cannot be written: {error.strerror}. Choose another --out."
        ) from error
    spec = f"spatial:model={out}"
    if as_json:
        print_json({"file": str(out), "error_model": spec})
    else:
        messages.print(f"Wrote {out}. Use it with --error-model {spec}")
