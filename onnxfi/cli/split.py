"""``onnxfi split``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.arguments import ModelArgument, TargetOption
from onnxfi.cli.output import messages
from onnxfi.graph import load
from onnxfi.surgery import split as split_model


def split(
    model: ModelArgument,
    *,
    target: TargetOption,
    out: Annotated[Path, typer.Option(help="Folder for the two models.")],
) -> None:
    """Split a model at a target into prefix.onnx and suffix.onnx, which share their weights file.

    Example: onnxfi split unet.onnx --target conv2d_2 --out split/
    """
    result = split_model(load(model), target)
    result.save(out)
    boundary = ", ".join(result.boundary) or "none"
    messages.print(
        f"Split at {result.target.tensor}; boundary: {boundary}; "
        f"the suffix holds {100 * result.suffix_share:.0f} % of the nodes.",
    )
    typer.echo(out)
