"""``onnxfi search``."""

import csv
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from onnxfi.atomic_write import atomic_write
from onnxfi.campaign import FoundFault, SearchResult, search
from onnxfi.cli.campaign.target_overrides import override_targets
from onnxfi.cli.options.arguments import (
    InputsOption,
    JsonOption,
    ModelArgument,
    ProviderName,
    ProviderOption,
    SeedOption,
)
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.options.inputs import configure_inputs
from onnxfi.cli.options.targets import TargetOptions
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.configuration import Configuration
from onnxfi.display import counted
from onnxfi.errors import InputError

_COLUMNS = ("target", "index", "bit", "input_index", "error_model", "sites", "score", "run")
# Rows of the table; the file has all faults.
_MOST_ROWS = 20


class Wanted(StrEnum):
    """The outcomes that can be searched for."""

    SDC = "sdc"
    DUE = "due"


def search_faults(
    model: ModelArgument,
    *,
    inputs: InputsOption,
    budget: Annotated[int, typer.Option(min=1, help="The most injections to run.")] = 20_000,
    find: Annotated[Wanted, typer.Option(help="The outcome to search for.")] = Wanted.SDC,
    error_model: Annotated[
        str, typer.Option(metavar="SPEC", help="name or name:key=value,…: bitflip:bit=exponent.")
    ] = "bitflip",
    metric: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Decides between sdc and benign.")
    ] = None,
    targets: TargetOptions,
    feeding: FeedingOptions,
    seed: SeedOption = 0,
    provider: ProviderOption = ProviderName.AUTO,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.csv", help="A file for all faults found."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Search for the most dangerous faults.

    All single-bit flips of the targets, or a sample of the faults of another error model, are
    scored without running any. Those that move their tensor farthest run first, and what is found
    decides which run next.

    Example: onnxfi search lenet.onnx --inputs digits.npz --kind weight
    """
    found = search(
        _configuration(
            model,
            configure_inputs(inputs, feeding).model_dump(mode="json", exclude_none=True),
            targets,
            error_model=error_model,
            metric=metric,
            seed=seed,
            provider=provider.value,
        ),
        budget=budget,
        wanted=find.value,
    )
    if out is not None:
        _write(found, out)
    if as_json:
        print_json(_document(found))
        return
    every = "all" if found.whole else "a sample of the"
    typer.echo(
        f"{counted(len(found.faults), find.value + ' fault')} in {counted(found.runs, 'run')}, of "
        f"{found.candidates} candidates: {every} faults with {counted(found.inputs, 'input')}."
    )
    if found.faults:
        print_table(_table(found))
    if found.checks:
        typer.echo(
            f"Flips that move a value less than one without effect: {found.broken} of "
            f"{found.checks} that were checked are {find.value}."
        )
    if out is not None:
        messages.print(f"Written: {out}")


def _configuration(
    model: Path,
    inputs: dict[str, Any],
    targets: TargetOptions,
    *,
    error_model: str,
    metric: str | None,
    seed: int,
    provider: str,
) -> Configuration:
    document = {
        "model": str(model),
        "inputs": inputs,
        "error_models": [error_model],
        "injections": {"per_target": 1},
        "seed": seed,
        "execution": {"provider": provider},
        **({} if metric is None else {"metric": metric}),
    }
    said = Configuration.from_document(document, "The command", folder=Path.cwd())
    return override_targets(said, targets.selection)


def _row(fault: FoundFault) -> dict[str, Any]:
    return {
        "target": fault.target,
        "index": fault.index,
        "bit": fault.bit,
        "input_index": fault.input_index,
        "error_model": fault.error_model,
        "sites": int(fault.corruption.indices.size),
        "score": fault.score,
        "run": fault.run,
    }


def _document(found: SearchResult) -> dict[str, Any]:
    return {
        "find": found.wanted,
        "runs": found.runs,
        "candidates": found.candidates,
        "whole": found.whole,
        "inputs": found.inputs,
        "checks": found.checks,
        "broken": found.broken,
        "faults": [_row(x) for x in found.faults],
    }


def _write(found: SearchResult, out: Path) -> None:
    try:
        with atomic_write(out) as aside, aside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            writer.writerows(map(_row, found.faults))
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}.") from error


def _table(found: SearchResult) -> Table:
    ranked = sorted(found.faults, key=lambda x: -x.score)
    left_out = len(ranked) - _MOST_ROWS
    more = f"; {left_out} more" if left_out > 0 else ""
    return Table(
        [
            Column("target"),
            Column("index"),
            Column("bit", "number"),
            Column("input", "number"),
            Column("severity", "number", important=True),
            Column("run", "number"),
        ],
        [
            [
                x.target,
                ", ".join(map(str, x.index)),
                "" if x.bit is None else str(x.bit),
                str(x.input_index),
                f"{x.score:.1f}",
                str(x.run),
            ]
            for x in ranked[:_MOST_ROWS]
        ],
        caption="severity: log2 of how far the fault moves the tensor" + more,
    )
