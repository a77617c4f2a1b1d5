"""``onnxfi campaign replay``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import Replay, replay
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import messages, print_json
from onnxfi.display import counted

_DIFFERENT = 1
_MOST_CHARACTERS = 60  # of a value in a message


def replay_injection(
    directory: DirectoryArgument,
    *,
    injection: Annotated[int, typer.Option("--id", min=0, help="The id of the injection.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="The folder to write the tensors, outputs and injection sites to.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a recorded injection.

    With --out it writes record.json, the tensors (corrupted.npz, golden.npz), the outputs
    (outputs.npz, golden_outputs.npz), and the injection sites of each target (sites_0.npz, …),
    which `onnxfi embed --sites` accepts. The exit status is 1 if the outcome or the corruption
    differs from the record.

    Example: onnxfi campaign replay runs/lenet --id 17 --out fault17
    """
    done = replay(directory, injection)
    if out is not None:
        done.save(out)
    if as_json:
        print_json({**done.replayed, "same": done.same, "differences": done.differences})
    else:
        sites = sum(x.indices.size for x in done.injection.corruptions)
        typer.echo(
            f"Injection {injection} into {done.replayed['target']}, input "
            f"{done.replayed['input_index']}, {counted(sites, 'site')}: {done.injection.outcome}"
        )
    if done.differences:
        _print_differences(done)
    if not done.same:
        raise typer.Exit(_DIFFERENT)


def _print_differences(done: Replay) -> None:
    how = "close to, but not equal to," if done.same else "different from"
    messages.print(
        f"The replay is {how} the record; a version, the provider or a file has changed:"
    )
    for name in done.differences:
        recorded, replayed = (_shorten(x.get(name)) for x in (done.recorded, done.replayed))
        messages.print(f"  {name} was {recorded} and is {replayed}")


def _shorten(value: object) -> str:
    text = str(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
