"""``onnxfi describe``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.converters import FileDescription, LayerDescription, join_dangers
from onnxfi.converters import describe as describe_file
from onnxfi.graph import format_shape


def describe(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="A .h5, .weights.h5 or .keras file.")
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show a Keras file's layers without executing it.

    It lists each layer with its class, output shape, number of parameters, dtype and input
    layers, one list per call. An unknown shape is shown as ?. It does not need TensorFlow.

    Example: onnxfi describe lenet.h5
    """
    file = describe_file(source)
    if as_json:
        print_json(_document(file))
        return
    print_table(_table(file))
    if file.model_class is None:
        messages.print(
            "The file holds weights only. To convert it, save model.to_json() to a file and give "
            "that file to `onnxfi convert --architecture`."
        )
    if file.dangers:
        messages.print(
            f"Loading the file with Keras is unsafe. It holds {join_dangers(file.dangers)}."
        )


def _document(file: FileDescription) -> dict[str, Any]:
    """Return a description as JSON, with the keys of the layer map."""
    document = asdict(file) | {"path": str(file.path)}
    document["class"] = document.pop("model_class")
    for layer in document["layers"]:
        layer["class"] = layer.pop("layer_class")
    return document


def _table(file: FileDescription) -> Table:
    version = f", Keras {file.keras_version}" if file.keras_version else ""
    return Table(
        [
            Column("layer"),
            *(Column(x, "text") for x in ("class", "output shape")),
            Column("parameters", "number"),
            *(Column(x, "text") for x in ("dtype", "inputs")),
        ],
        [_row(x) for x in file.layers],
        title=f"{file.path}: {file.kind}{version}",
        caption=f"{file.parameters} parameters in {len(file.layers)} layers",
    )


def _row(layer: LayerDescription) -> tuple[str, ...]:
    return (
        layer.layer,
        layer.layer_class or "",
        _shape_text(layer.output_shape),
        "?" if layer.parameters is None else str(layer.parameters),
        layer.dtype or "",
        " | ".join(", ".join(call) for call in layer.inbound),
    )


def _shape_text(shape: tuple[int | None, ...] | None) -> str:
    """Return a shape with a free batch axis as N, its name in the converted model."""
    return format_shape(("N", *shape[1:]) if shape and shape[0] is None else shape)
