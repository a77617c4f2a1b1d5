"""``onnxfi round``."""

from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.options.arguments import JsonOption, ModelArgument
from onnxfi.cli.output import messages, print_json
from onnxfi.display import counted
from onnxfi.graph import load
from onnxfi.surgery import round_weights


def round_model(
    model: ModelArgument,
    *,
    format: Annotated[
        str,
        typer.Option(
            help="fp16, bf16, tf32, e4m3fn, e5m2, e2m1, int8, int4, posit8 or posit16.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT.onnx", help="The model to write.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Round a model's weights to a number format.

    The weights keep their dtypes: the model answers what happens if they lie in memory in this
    format. Inject into it with --error-model upset:format=…

    Example: onnxfi round lenet.onnx --format bf16 -o bf16.onnx
    """
    rounded = round_weights(load(model), format)
    rounded.model.save(out)
    if as_json:
        print_json(
            {
                "model": str(out),
                "format": format,
                "weights": list(rounded.weights),
                "largest_change": rounded.largest_change,
            }
        )
        return
    messages.print(
        f"{counted(len(rounded.weights), 'weight tensor')} rounded to {format}; the largest change "
        f"is {100 * rounded.largest_change:.2g} % of the largest weight of its tensor."
    )
    typer.echo(out)
