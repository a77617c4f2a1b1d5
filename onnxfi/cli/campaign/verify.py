"""``onnxfi campaign verify``."""

from dataclasses import asdict
from typing import Annotated

import typer

from onnxfi.campaign import verify
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import print_json

_FAILED = 1


def verify_campaign(
    directory: DirectoryArgument,
    *,
    sample: Annotated[int, typer.Option(min=0, help="The number of injections to replay.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the sample.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Verify the records of a campaign.

    It checks that every records file is whole, belongs to the run, and holds the injections that
    its name says, each once; that the model, the inputs and the code of the metric have the hashes
    of the manifest; and that a random sample of the injections has the same outcome again. The exit
    status is 1 if something is wrong or missing.

    Example: onnxfi campaign verify runs/lenet --sample 100
    """
    found = verify(directory, sample=sample, seed=seed)
    if as_json:
        print_json({**asdict(found), "passed": found.passed})
    else:
        typer.echo(
            f"{found.recorded} of {found.planned} injections are recorded, "
            f"{len(found.replayed)} were replayed."
        )
        for problem in found.problems:
            typer.echo(problem)
        if not found.complete:
            typer.echo(f"The campaign is unfinished: `onnxfi campaign resume {directory}`.")
        if found.passed:
            typer.echo("The records are whole, and the replayed injections have the same outcome.")
    if not found.passed:
        raise typer.Exit(_FAILED)
