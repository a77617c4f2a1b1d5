"""``onnxfi inspect``."""

from dataclasses import asdict
from typing import Any

from rich.table import Table

from onnxfi.cli.arguments import JsonOption, ModelArgument
from onnxfi.cli.output import print_json, print_table
from onnxfi.graph import Model, Target, load
from onnxfi.graph.dependencies import required_nodes, suffix_sizes
from onnxfi.injector.inputs import format_shape


def inspect(model: ModelArgument, *, as_json: JsonOption = False) -> None:
    """List the targets of a model: tensor, layer, operator, shape, parameters, suffix share.

    The suffix share is the part of the network's nodes that depends on the target: what an
    injection runs.

    Example: onnxfi inspect lenet.onnx
    """
    loaded = load(model)
    rows = _rows(loaded)
    if as_json:
        print_json({"model": str(model), "targets": rows})
        return
    table = Table(title=str(model))
    for heading in ("tensor", "layer", "op", "shape"):
        table.add_column(heading, overflow="fold")
    for heading in ("parameters", "suffix"):
        table.add_column(heading, justify="right")
    for row, target in zip(rows, loaded.targets(), strict=True):
        table.add_row(
            row["tensor"],
            row["layer"] or "",
            row["op_type"],
            format_shape(target.shape),
            str(row["parameters"] or ""),
            f"{100 * row['suffix_share']:.0f} %",
        )
    print_table(table)


def _rows(model: Model) -> list[dict[str, Any]]:
    sizes = suffix_sizes(model.graph)
    total = max(1, len(required_nodes(model.graph, model.graph.outputs)))
    return [
        asdict(target)
        | {
            "dtype": str(target.dtype),
            "parameters": _parameters(model, target),
            "suffix_share": sizes[model.values[target.tensor]] / total,
        }
        for target in model.targets()
    ]


def _parameters(model: Model, target: Target) -> int:
    """Return the number of weights that the target's own node reads."""
    node = model.values[target.tensor].producer()
    if node is None:
        return 0
    return sum(
        value.const_value.size
        for value in node.inputs
        if value is not None and value.is_initializer() and value.const_value is not None
    )
