"""``onnxfi inspect``."""

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from onnxfi.cli.options.arguments import JsonOption, ModelArgument, ProviderName, ProviderOption
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.options.targets import TargetOptions, print_left_out
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.errors import InputError
from onnxfi.graph import (
    Model,
    Target,
    count_parameters,
    describe_noise,
    fold_conditions,
    format_shape,
    load,
    needed_values,
    nodes_with_bodies,
    select,
    suffix_shares,
)
from onnxfi.surgery import changed_noise, noise_nodes, noise_note


def inspect(
    model: ModelArgument,
    *,
    targets: TargetOptions,
    lanes: Annotated[
        bool,
        typer.Option("--lanes", help="Measure how many injections can share a batch; slow."),
    ] = False,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(metavar="X.npz", help="Inputs for --lanes; default: random numbers."),
    ] = None,
    feeding: FeedingOptions,
    provider: ProviderOption = ProviderName.AUTO,
    as_json: JsonOption = False,
) -> None:
    """List the targets of a model.

    It shows the tensor, kind, layer, operator, dtype, shape, channel axis, parameters and suffix
    share of each target.

    The operator is the one that computes an activation, or that reads a weight or an input. The
    parameters are those that the operator of an activation reads. The suffix share is the
    percentage of the network's nodes that depend on the target and so run in an injection; nodes
    that compute constants do not count. It is "masked" if no output depends on the target, so that
    every injection is masked, and "refused" if a fault would change which random numbers the model
    draws.

    --lanes measures for each target how many injections a campaign can run as one batch, and shows
    the reason if it is only one. --constant opens the branches that a constant input selects:
    --constant sr=16000.

    Example: onnxfi inspect lenet.onnx --kind weight --exclude "dense*"
    """
    if not lanes and (inputs or replace(feeding, constant=None) != FeedingOptions()):
        raise InputError("--inputs has no effect without --lanes. Give --lanes as well.")
    wanted = targets.selection
    loaded = load(model)
    if feeding.constant:
        from onnxfi.cli.options.inputs import literal_constants  # slow to import

        loaded = fold_conditions(loaded, literal_constants(loaded, feeding))
    selected = select(loaded, wanted)
    rows = _rows(loaded, selected.targets)
    if lanes:
        # Slow to import.
        from onnxfi.cli.models.inspect_lanes import measure_lanes
        from onnxfi.cli.options.inputs import configure_optional_inputs

        given = configure_optional_inputs(inputs, feeding)
        measured = measure_lanes(loaded, selected.targets, given, provider=provider.value)
        rows = [row | each for row, each in zip(rows, measured, strict=True)]
    print_left_out(selected.left_out)
    bodies = nodes_with_bodies(loaded.graph)
    if as_json:
        document: dict[str, Any] = {"model": str(model), "targets": rows}
        document |= {"left_out": asdict(selected.left_out), "bodies": [asdict(x) for x in bodies]}
        document["noise"] = list(map(describe_noise, noise_nodes(loaded)))
        print_json(document)
        return
    print_table(_table(str(model), rows, lanes=lanes))
    for node in bodies:
        messages.print(str(node))
    note = noise_note(loaded)
    if note is not None:
        messages.print(note)


def _table(title: str, rows: Sequence[dict[str, Any]], *, lanes: bool) -> Table:
    columns = [
        Column("tensor"),
        Column("layer"),
        *(Column(x, "text") for x in ("kind", "op", "dtype", "shape")),
        *(Column(x, "number") for x in ("channel axis", "parameters", "suffix")),
    ]
    if lanes:
        columns += [Column("lanes", "number"), Column("why not batched", "text")]
    return Table(columns, [_row(x, lanes=lanes) for x in rows], title=title)


def _row(row: dict[str, Any], *, lanes: bool) -> list[str]:
    cells = [
        row["tensor"],
        row["layer"] or "",
        row["kind"],
        row["op_type"],
        row["dtype"],
        format_shape(row["shape"]),
        "" if row["channel_axis"] is None else str(row["channel_axis"]),
        str(row["parameters"] or ""),
        _suffix(row),
    ]
    return [*cells, str(row["lanes"] or ""), row["lanes_reason"] or ""] if lanes else cells


def _suffix(row: dict[str, Any]) -> str:
    if row["changes_noise"]:
        return "refused"
    return f"{100 * row['suffix_share']:.0f} %" if row["reaches_output"] else "masked"


def _rows(model: Model, targets: Sequence[Target]) -> list[dict[str, Any]]:
    shares = suffix_shares(model.graph, model.constants)
    needed = needed_values(model.graph, model.graph.outputs)
    # `asdict` copies every value, which is slow for thousands of targets.
    names = [x.name for x in fields(Target)]
    return [
        {name: getattr(target, name) for name in names}
        | {
            "dtype": str(target.dtype),
            "parameters": count_parameters(value, model.constants),
            "suffix_share": shares[value],
            "reaches_output": value in needed,
            "changes_noise": noise,
        }
        for target, noise in zip(targets, changed_noise(model, [[x] for x in targets]), strict=True)
        for value in (model.values[target.tensor],)
    ]
