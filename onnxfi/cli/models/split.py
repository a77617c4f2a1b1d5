"""``onnxfi split``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.options.arguments import ModelArgument
from onnxfi.cli.options.targets import (
    DtypesOption,
    ExcludeOption,
    IndexOption,
    KindOption,
    LayersOption,
    NamesOption,
    OpsOption,
    ShapesOption,
    hit_together,
    selection,
)
from onnxfi.cli.output import messages
from onnxfi.graph import load
from onnxfi.surgery import split as split_model
from onnxfi.surgery.noise import draws


def split(
    model: ModelArgument,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the two models.")],
    target: NamesOption = None,
    kind: KindOption = None,
    op: OpsOption = None,
    layer: LayersOption = None,
    dtype: DtypesOption = None,
    exclude: ExcludeOption = None,
    index: IndexOption = None,
    include_shapes: ShapesOption = False,
) -> None:
    """Split a model at a target into prefix.onnx and suffix.onnx, which share their weights file.

    With several targets, one downstream of another, stage_1.onnx, stage_2.onnx and so on take the
    place of suffix.onnx. Targets are activations, weights and inputs alike. The prefix draws all
    random numbers of the model.

    Example: onnxfi split unet.onnx --target conv2d_2 --out split/
    """
    wanted = selection(
        kind=kind,
        names=target,
        ops=op,
        layers=layer,
        dtypes=dtype,
        exclude=exclude,
        index=index,
        include_shapes=include_shapes,
    )
    loaded = load(model)
    result = split_model(loaded, hit_together(loaded, wanted))
    result.save(out)
    boundary = ", ".join(result.boundary) or "none"
    messages.print(
        f"Split at {', '.join(x.tensor for x in result.targets)}; boundary: {boundary}; "
        f"the suffix holds {100 * result.suffix_share:.0f} % of the nodes.",
    )
    noise = draws(loaded)
    if noise is not None:
        messages.print(f"{noise} The prefix draws them; feed the suffix what the prefix gave.")
    typer.echo(out)
