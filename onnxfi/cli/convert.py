"""``onnxfi convert``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import onnx
import typer

from onnxfi import converters
from onnxfi.cli.output import messages
from onnxfi.converters.layer_map import METADATA_KEY, parse_layers
from onnxfi.converters.provenance import record_difference
from onnxfi.errors import ModelFormatError
from onnxfi.whole_file import whole_file


class RouteName(StrEnum):
    """How to convert."""

    NATIVE = "native"
    TF2ONNX = "tf2onnx"


def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A Keras file.")],
    destination: Annotated[
        Path | None, typer.Argument(metavar="DST", help="By default SRC with the ending .onnx.")
    ] = None,
    *,
    architecture: Annotated[
        Path | None,
        typer.Option(metavar="JSON", help="model.to_json(), for a file that holds weights only."),
    ] = None,
    opset: Annotated[int, typer.Option(help="Version of the ONNX operator set.")] = 17,
    route: Annotated[
        RouteName,
        typer.Option(help="native needs no TensorFlow; tf2onnx needs the extra keras."),
    ] = RouteName.NATIVE,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare with Keras run eagerly (extra keras).")
    ] = False,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Let the route tf2onnx execute code in the file.")
    ] = False,
) -> None:
    """Convert a Keras file to ONNX.

    Example: onnxfi convert lenet.h5 lenet.onnx --verify
    """
    model = converters.convert(
        source, route=route.value, opset=opset, architecture=architecture, unsafe=unsafe
    )
    difference = None
    if verify:
        difference = converters.verify(source, model, architecture=architecture, unsafe=unsafe)
        record_difference(model, difference)
    destination = source.with_suffix(".onnx") if destination is None else destination
    _write(model, destination)
    layers = parse_layers(next(x.value for x in model.metadata_props if x.key == METADATA_KEY))
    messages.print(
        f"Converted {source} by the route {route.value}: {len(model.graph.node)} nodes, "
        f"{len(layers)} layers.",
    )
    if difference is not None:
        messages.print(f"Largest absolute difference to Keras: {difference:.3g}")
    typer.echo(destination)


def _write(model: onnx.ModelProto, destination: Path) -> None:
    try:
        with whole_file(destination) as aside:
            onnx.save(model, aside)
    except OSError as error:
        raise ModelFormatError(
            f"The destination must be a file that can be written, and {destination} cannot: "
            f"{error.strerror or error}."
        ) from error
