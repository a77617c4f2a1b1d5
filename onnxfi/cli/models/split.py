"""``onnxfi split``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.options.arguments import JsonOption, ModelArgument
from onnxfi.cli.options.targets import TargetOptions, select_in_order
from onnxfi.cli.output import messages, print_json
from onnxfi.graph import load
from onnxfi.surgery import draws
from onnxfi.surgery import split as split_model


def split(
    model: ModelArgument,
    *,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FOLDER", help="The folder to write the models to."),
    ],
    targets: TargetOptions,
    as_json: JsonOption = False,
) -> None:
    """Split a model at a target into prefix and suffix.

    It writes prefix.onnx and suffix.onnx, which share a weights file. A target is an activation, a
    weight or an input. If one target lies downstream of another, the suffix is written as stages:
    stage_1.onnx, stage_2.onnx and so on. The prefix draws all random numbers of the model.

    Example: onnxfi split unet.onnx --target conv2d_2 -o split/
    """
    loaded = load(model)
    result = split_model(loaded, select_in_order(loaded, targets.selection))
    result.save(out)
    noise = draws(loaded)
    if as_json:
        description = json.loads((out / "split.json").read_text())
        share = {"suffix_share": result.suffix_share, "noise": noise}
        print_json({"folder": str(out)} | description | share)
        return
    boundary = ", ".join(result.boundary) or "none"
    messages.print(
        f"Split at {', '.join(x.tensor for x in result.targets)}; boundary: {boundary}; "
        f"the suffix holds {100 * result.suffix_share:.0f} % of the nodes.",
    )
    if noise is not None:
        messages.print(f"{noise} The prefix draws them; feed its outputs to the suffix.")
    typer.echo(out)
