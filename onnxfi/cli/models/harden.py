"""``onnxfi harden``."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.cli.cost_table import cost_table
from onnxfi.cli.options.arguments import JsonOption, ModelArgument
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.options.inputs import configure_optional_inputs, read_samples
from onnxfi.cli.output import messages, print_json
from onnxfi.cli.tables import print_table
from onnxfi.display import counted
from onnxfi.error_models import Profile
from onnxfi.graph import Model, load
from onnxfi.hardening import Hardened, cost
from onnxfi.hardening import harden as harden_model


class OnAlarmName(StrEnum):
    """What follows an alarm."""

    FLAG = "flag"
    CLIP = "clip"
    ZERO = "zero"
    RECOMPUTE = "recompute"


def harden(
    model: ModelArgument,
    *,
    ranger: Annotated[
        Path | None,
        typer.Option(
            metavar="PROFILE",
            help="Keep activation functions, and what follows them, in these ranges.",
        ),
    ] = None,
    clip: Annotated[
        Path | None,
        typer.Option(metavar="PROFILE", help="Keep all activations of the profile in its ranges."),
    ] = None,
    abft: Annotated[
        str | None,
        typer.Option(metavar="OPS", help="Check products by checksums: conv,gemm,matmul."),
    ] = None,
    duplicate: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER", help="Compute a layer's operator twice; repeatable."),
    ] = None,
    tmr: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WEIGHTS",
            help="Store weights three times: weights, or weights:LAYER; repeatable.",
        ),
    ] = None,
    parity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WEIGHTS", help="Store a checksum of weights: weights, or weights:LAYER."
        ),
    ] = None,
    on_alarm: Annotated[
        OnAlarmName | None,
        typer.Option(
            help="What follows an alarm; default: ranges clip without one, the others flag."
        ),
    ] = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="X.npz",
            help="Inputs without faults, for the thresholds of --abft; others than those of the "
            "campaign.",
        ),
    ] = None,
    feeding: FeedingOptions,
    false_alarms: Annotated[
        float,
        typer.Option(help="Share of fault-free inferences in which --abft may raise an alarm."),
    ] = 0.01,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT.onnx", help="The model to write.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Add protections to a model.

    The written model has standard operators only, and its tensors keep their names. Alarms are
    further outputs, called alarm:PROTECTION:LAYER. Run the same campaign on both models and compare
    them.

    Example: onnxfi harden m.onnx --abft conv,gemm --inputs x.npz -o h.onnx
    """
    loaded = load(model)
    given = configure_optional_inputs(inputs, feeding)
    samples = None if given is None else read_samples(loaded, given)
    hardened = harden_model(
        loaded,
        ranger=None if ranger is None else Profile.load(ranger),
        clip=None if clip is None else Profile.load(clip),
        abft=[] if abft is None else [x.strip() for x in abft.split(",")],
        duplicate=duplicate or (),
        tmr=tmr or (),
        parity=parity or (),
        on_alarm=None if on_alarm is None else on_alarm.value,
        inputs=None if samples is None else (samples.at(x) for x in range(len(samples))),
        false_alarms=false_alarms,
    )
    hardened.model.save(out)
    if as_json:
        print_json(_document(loaded, hardened, out))
        return
    print_table(cost_table(cost(loaded), cost(hardened.model), ("plain", "hardened")))
    for name, tensors in hardened.protected.items():
        messages.print(f"{name}: {', '.join(tensors)}")
    for tensor, reason in hardened.left_out.items():
        messages.print(f"Not protected: {tensor}, since {reason}.")
    messages.print(f"{counted(len(hardened.alarms), 'alarm')} among the outputs.")
    typer.echo(out)


def _document(plain: Model, hardened: Hardened, out: Path) -> dict[str, object]:
    return {
        "model": str(out),
        "alarms": list(hardened.alarms),
        "protected": hardened.protected,
        "left_out": hardened.left_out,
        "before": asdict(cost(plain)),
        "after": asdict(cost(hardened.model)),
    }
