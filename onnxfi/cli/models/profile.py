"""``onnxfi profile``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from onnxfi.campaign.inputs.specialising import specialise
from onnxfi.campaign.profiling import profile as make_profile
from onnxfi.cli.options.arguments import (
    ArrayOption,
    AxisOption,
    ConstantOption,
    InputsOption,
    JsonOption,
    KindName,
    ModelArgument,
    ProviderName,
    ProviderOption,
    RepeatOption,
)
from onnxfi.cli.options.inputs import inputs_of, read_samples
from onnxfi.cli.options.targets import (
    DtypesOption,
    ExcludeOption,
    IndexOption,
    KindOption,
    LayersOption,
    NamesOption,
    OpsOption,
    ShapesOption,
    print_left_out,
    selection,
)
from onnxfi.cli.output import messages, print_json, print_table
from onnxfi.error_models.values import TensorProfile
from onnxfi.graph import load
from onnxfi.graph.choosing.selection import select


def profile(
    model: ModelArgument,
    *,
    inputs: InputsOption,
    target: NamesOption = None,
    kind: KindOption = None,
    op: OpsOption = None,
    layer: LayersOption = None,
    dtype: DtypesOption = None,
    exclude: ExcludeOption = None,
    index: IndexOption = None,
    include_shapes: ShapesOption = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here for error models to use.")
    ] = None,
    array: ArrayOption = None,
    axis: AxisOption = None,
    constant: ConstantOption = None,
    repeat: RepeatOption = False,
    provider: ProviderOption = ProviderName.AUTO,
    as_json: JsonOption = False,
) -> None:
    """Tell what values the targets take over a data set: least, greatest, percentiles.

    Error models take the range from it: --error-model random:profile=profile.json

    Example: onnxfi profile lenet.onnx --inputs digits.npz --out profile.json
    """
    wanted = selection(
        kind=KindName.ACTIVATION if kind is None and not target else kind,
        names=target,
        ops=op,
        layers=layer,
        dtypes=dtype,
        exclude=exclude,
        index=index,
        include_shapes=include_shapes,
    )
    loaded = load(model)
    samples = read_samples(
        loaded, inputs_of(inputs, array=array, axis=axis, constant=constant, repeat=repeat)
    )
    loaded = specialise(loaded, samples.constants, lambda model: select(model, wanted).targets)
    selected = select(loaded, wanted)
    targets = selected.targets
    print_left_out(selected.left_out)
    made = make_profile(
        loaded, targets, (samples.at(i) for i in range(len(samples))), provider=provider.value
    )
    if out is not None:
        made.save(out)
        messages.print(f"Wrote {out}.")
    if as_json:
        print_json(asdict(made))
        return
    table = Table(title=f"{model}: {made.inputs} input(s)")
    table.add_column("tensor", overflow="fold")
    table.add_column("layer", overflow="fold")
    for heading in ("least", "1 %", "median", "99 %", "greatest", "NaN", "infinite"):
        table.add_column(heading, justify="right")
    for each in targets:
        table.add_row(each.tensor, each.layer or "", *_figures(made.tensors[each.tensor]))
    print_table(table)


def _figures(found: TensorProfile) -> list[str]:
    percentiles = [found.percentiles.get(key) for key in ("1", "50", "99")]
    values = [found.min, *percentiles, found.max]
    return [
        *("" if x is None else f"{x:.4g}" for x in values),
        str(found.nan),
        str(found.infinite),
    ]
