"""``onnxfi inspect``."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from onnxfi.cli.arguments import (
    ArrayOption,
    AxisOption,
    ConstantOption,
    JsonOption,
    KindName,
    ModelArgument,
    ProviderName,
    ProviderOption,
    RepeatOption,
)
from onnxfi.cli.output import print_json, print_table
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target, load
from onnxfi.graph.dependencies import required_nodes, suffix_sizes
from onnxfi.injector.inputs import format_shape


def inspect(
    model: ModelArgument,
    *,
    kind: Annotated[KindName | None, typer.Option(help="Only targets of this kind.")] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Only this tensor, layer or node; repeat the option for several."),
    ] = None,
    lanes: Annotated[
        bool, typer.Option("--lanes", help="Try how many injections can share a batch; slow.")
    ] = False,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(metavar="X.npz", help="What --lanes runs on; random numbers without it."),
    ] = None,
    array: ArrayOption = None,
    axis: AxisOption = None,
    constant: ConstantOption = None,
    repeat: RepeatOption = False,
    provider: ProviderOption = ProviderName.AUTO,
    as_json: JsonOption = False,
) -> None:
    """List the targets of a model: tensor, kind, layer, operator, shape, parameters, suffix share.

    The operator is the one that makes an activation, or that reads a weight or an input. The
    suffix share is the part of the network's nodes that depends on the target: what an injection
    runs. Where no output depends on the target it says masked, which every injection there is.
    --lanes tries, target by target, how many injections a campaign runs as one batch, and says
    why where it is only one.

    Example: onnxfi inspect lenet.onnx --kind weight
    """
    if inputs and not lanes:
        raise InputError("--inputs is what --lanes runs on. Give --lanes as well.")
    loaded = load(model)
    targets = _selected(loaded, kind, target)
    rows = _rows(loaded, targets)
    if lanes:
        # A list alone starts sooner without.
        from onnxfi.cli.inputs import inputs_of
        from onnxfi.cli.inspect_lanes import lanes_of

        given = (
            inputs_of(inputs, array=array, axis=axis, constant=constant, repeat=repeat)
            if inputs
            else None
        )
        tried = lanes_of(loaded, targets, given, provider=provider.value)
        rows = [row | each for row, each in zip(rows, tried, strict=True)]
    if as_json:
        print_json({"model": str(model), "targets": rows})
        return
    table = Table(title=str(model))
    for heading in ("tensor", "kind", "layer", "op", "shape"):
        table.add_column(heading, overflow="fold")
    for heading in ("parameters", "suffix", *(["lanes"] if lanes else [])):
        table.add_column(heading, justify="right")
    if lanes:
        table.add_column("why one", overflow="fold")
    for row, of_row in zip(rows, targets, strict=True):
        table.add_row(
            row["tensor"],
            row["kind"],
            row["layer"] or "",
            row["op_type"],
            format_shape(of_row.shape),
            str(row["parameters"] or ""),
            f"{100 * row['suffix_share']:.0f} %" if row["reaches_output"] else "masked",
            *([str(row["lanes"] or ""), row["lanes_reason"] or ""] if lanes else []),
        )
    print_table(table)


def _selected(model: Model, kind: KindName | None, names: Sequence[str] | None) -> list[Target]:
    if names is None:
        return model.targets(kind=None if kind is None else kind.value)
    return [x for x in map(model.target, dict.fromkeys(names)) if kind in (None, x.kind)]


def _rows(model: Model, targets: list[Target]) -> list[dict[str, Any]]:
    sizes = suffix_sizes(model.graph)
    total = max(1, len(required_nodes(model.graph, model.graph.outputs)))
    return [
        asdict(target)
        | {
            "dtype": str(target.dtype),
            "parameters": _parameters(model, target),
            "suffix_share": sizes[value] / total,
            "reaches_output": sizes[value] > 0 or value in model.graph.outputs,
        }
        for target in targets
        for value in (model.values[target.tensor],)
    ]


def _parameters(model: Model, target: Target) -> int:
    """Return the number of weights that an activation's own node reads, or a weight's own size."""
    value = model.values[target.tensor]
    node = value.producer()
    weights = [value] if node is None else node.inputs
    return sum(
        weight.const_value.size
        for weight in weights
        if weight is not None and weight.is_initializer() and weight.const_value is not None
    )
