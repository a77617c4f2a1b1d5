"""``onnxfi init``."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import SCHEMA_FILE, draft_campaign
from onnxfi.cli.options.arguments import JsonOption, ModelArgument
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.schema import schema_text, write_text
from onnxfi.errors import ConfigurationError

_DEFAULT_OUT = Path("campaign.yaml")


def init(
    model: ModelArgument,
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="INPUTS", help="A file of arrays, or a folder of one per input."),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The configuration to write.")
    ] = _DEFAULT_OUT,
    as_json: JsonOption = False,
) -> None:
    """Write a campaign.yaml for a model and its inputs.

    The file has comments, names real targets and arrays, and runs unchanged. The metric follows
    from the outputs of the model. Without INPUTS, random ones are written beside it. The JSON
    Schema in onnxfi.schema.json lets editors complete and check the file.

    Example: onnxfi init lenet.onnx digits.npz
    """
    schema_file = out.with_name(SCHEMA_FILE)
    if out.exists():
        raise ConfigurationError(f"{out} already exists. Choose another --out.")
    draft = draft_campaign(Path(model), inputs or (), out)
    write_text(schema_file, schema_text())
    write_text(out, draft.text)
    if draft.random is not None:
        messages.print(
            f"Warning: {draft.random} holds random inputs. Replace them by real ones:\n  "
            + "\n  ".join(draft.arrays),
            style="yellow",
        )
    if as_json:
        random = None if draft.random is None else str(draft.random)
        print_json({"configuration": str(out), "schema": str(schema_file), "random_inputs": random})
        return
    typer.echo(f"Wrote {out}. Run it with: onnxfi campaign run {shlex.quote(str(out))}")
