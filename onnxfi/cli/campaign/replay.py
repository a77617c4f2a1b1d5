"""``onnxfi campaign replay``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign.running.replay import Replay, replay
from onnxfi.cli.options.arguments import DirectoryArgument, JsonOption
from onnxfi.cli.output import messages, print_json

_DIFFERENT = 1
_MOST_CHARACTERS = 60


def replay_injection(
    directory: DirectoryArgument,
    *,
    injection: Annotated[int, typer.Option("--id", min=0, help="Id of the injection.")],
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for the corrupted tensors, the outputs and the sites."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a recorded injection once more, and check that it does what is recorded.

    With --out it writes record.json, the tensors (corrupted.npz, golden.npz), the outputs
    (outputs.npz, golden_outputs.npz), and the injection sites of each target (sites_0.npz, …),
    which `onnxfi embed --sites` takes. The exit status is 1 where the outcome or the
    corruption is not the recorded one.

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
            f"{done.replayed['input_index']}, {sites} site(s): {done.injection.outcome}"
        )
    if done.differences:
        _tell_differences(done)
    if not done.same:
        raise typer.Exit(_DIFFERENT)


def _tell_differences(done: Replay) -> None:
    what = "Close to" if done.same else "Not"
    messages.print(f"{what} what is recorded; versions or providers differ, or a file was changed:")
    for name in done.differences:
        was, now = (_short(x.get(name)) for x in (done.recorded, done.replayed))
        messages.print(f"  {name} was {was} and is {now}")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
