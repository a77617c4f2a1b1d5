"""``onnxfi convert``."""

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import onnx
import typer

from onnxfi import converters
from onnxfi.atomic_write import atomic_write
from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.output import messages, print_json
from onnxfi.converters import (
    DIFFERENCE_KEY,
    METADATA_KEY,
    NOTES_KEY,
    ROUTE_KEY,
    parse_layers,
    record_difference,
)
from onnxfi.errors import InputError, ModelFormatError


class RouteName(StrEnum):
    """Conversion routes."""

    NATIVE = "native"
    TF2ONNX = "tf2onnx"


def convert(
    source: Annotated[
        Path,
        typer.Argument(metavar="SRC", help="A Keras file, a SavedModel folder or a TFLite file."),
    ],
    destination: Annotated[
        Path | None,
        typer.Argument(
            metavar="DST", help="The file to write; default: SRC with the suffix .onnx."
        ),
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The file to write, like DST."),
    ] = None,
    architecture: Annotated[
        Path | None,
        typer.Option(
            metavar="JSON", help="The output of model.to_json(), for a file of weights only."
        ),
    ] = None,
    opset: Annotated[int, typer.Option(help="The version of the ONNX operator set.")] = 17,
    route: Annotated[
        RouteName | None,
        typer.Option(
            help="native needs no TensorFlow and is the default for Keras files; tf2onnx needs the "
            "extra keras.",
            show_default=False,
        ),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Compare with TensorFlow on the source (extra keras)."),
    ] = False,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Let route tf2onnx execute code in the file.")
    ] = False,
    time_limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, help="Stop TensorFlow after this time."),
    ] = 900,
    memory_limit: Annotated[
        float | None,
        typer.Option(
            metavar="GIB",
            min=0.1,
            help="Stop TensorFlow when it uses more memory; default: 80 % of the machine's memory. "
            "Linux only.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a TensorFlow or Keras model to ONNX.

    Example: onnxfi convert lenet.h5 --verify -o lenet.onnx
    """
    if None not in (destination, out):
        raise InputError(
            f"The file to write must be given once, got {destination} and --out {out}. Omit one."
        )
    destination = destination or out or source.with_suffix(".onnx")
    limits = converters.Limits(seconds=time_limit)
    if memory_limit is not None:
        limits = replace(limits, memory=int(memory_limit * 2**30))
    model = converters.convert(
        source,
        route=None if route is None else route.value,
        opset=opset,
        architecture=architecture,
        unsafe=unsafe,
        limits=limits,
    )
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    difference = None
    if DIFFERENCE_KEY in metadata:
        difference = float(metadata[DIFFERENCE_KEY])
    elif verify:
        difference = converters.verify(
            source, model, architecture=architecture, unsafe=unsafe, limits=limits
        )
        record_difference(model, difference)
    _write(model, destination)
    layers = {x.path: x.tensor for x in parse_layers(metadata[METADATA_KEY])}
    notes = json.loads(metadata.get(NOTES_KEY, "[]"))
    if as_json:
        print_json(
            {
                "model": str(destination),
                "route": metadata[ROUTE_KEY],
                "nodes": len(model.graph.node),
                "layers": layers,
                "notes": notes,
                "largest_difference": difference,
            }
        )
        return
    messages.print(
        f"Converted {source} with route {metadata[ROUTE_KEY]}: {len(model.graph.node)} nodes, "
        f"{len(layers)} layers.",
    )
    for note in notes:
        messages.print(f"Note: {note}")
    if difference is not None:
        messages.print(f"Largest absolute difference from the source: {difference:.3g}")
    typer.echo(destination)


def _write(model: onnx.ModelProto, destination: Path) -> None:
    try:
        with atomic_write(destination) as aside:
            onnx.save(model, aside)
    except OSError as error:
        raise ModelFormatError(
            f"{destination} cannot be written: {error.strerror or error}. Choose another --out."
        ) from error
