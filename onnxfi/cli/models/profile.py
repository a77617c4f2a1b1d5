"""``onnxfi profile``."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import profile as make_profile
from onnxfi.campaign import specialise
from onnxfi.cli.options.arguments import (
    InputsOption,
    JsonOption,
    ModelArgument,
    ProviderName,
    ProviderOption,
)
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.options.inputs import configure_inputs, read_samples
from onnxfi.cli.options.targets import KindName, TargetOptions, print_left_out
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.display import counted
from onnxfi.error_models.values import TensorProfile
from onnxfi.graph import load, select


def profile(
    model: ModelArgument,
    *,
    inputs: InputsOption,
    targets: TargetOptions,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the profile to this file."),
    ] = None,
    feeding: FeedingOptions,
    provider: ProviderOption = ProviderName.AUTO,
    as_json: JsonOption = False,
) -> None:
    """Profile tensor values over a data set.

    It shows the minimum, maximum and percentiles of each target. Without --kind or --target it
    profiles all activations. Error models read the range of a target from the profile:
    --error-model random:profile=profile.json

    Example: onnxfi profile lenet.onnx --inputs digits.npz --out profile.json
    """
    if targets.kind is None and not targets.target:
        targets = replace(targets, kind=KindName.ACTIVATION)
    wanted = targets.selection
    loaded = load(model)
    samples = read_samples(loaded, configure_inputs(inputs, feeding))
    loaded = specialise(loaded, samples.constants, lambda model: select(model, wanted).targets)
    selected = select(loaded, wanted)
    print_left_out(selected.left_out)
    made = make_profile(
        loaded,
        selected.targets,
        (samples.at(i) for i in range(len(samples))),
        provider=provider.value,
    )
    if out is not None:
        made.save(out)
        messages.print(f"Wrote {out}.")
    if as_json:
        print_json(asdict(made))
        return
    figures = ("min", "1 %", "median", "99 %", "max", "NaN", "Inf")
    columns = [Column("tensor"), Column("layer"), *(Column(x, "number") for x in figures)]
    rows = [[x.tensor, x.layer or "", *_figures(made.tensors[x.tensor])] for x in selected.targets]
    print_table(Table(columns, rows, title=f"{model}: {counted(made.inputs, 'input')}"))


def _figures(found: TensorProfile) -> list[str]:
    percentiles = [found.percentiles.get(key) for key in ("1", "50", "99")]
    values = [found.min, *percentiles, found.max]
    return [
        *("" if x is None else f"{x:.4g}" for x in values),
        str(found.nan),
        str(found.infinite),
    ]
