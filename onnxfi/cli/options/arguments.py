"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="An ONNX file, or a model file to convert.")
]
DirectoryArgument = Annotated[
    str, typer.Argument(metavar="DIR", help="A run directory or its address.")
]
ErrorModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="name, name:key=value,… or package.module:Class:key=value,…"
    ),
]
InputsOption = Annotated[
    list[Path],
    typer.Option(
        "--inputs",
        metavar="X.npz",
        help="Arrays named after the graph inputs, with samples along axis 0. For several files "
        "with one sample each, give a pattern such as 'in/*.npz' or repeat the option.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the random generator.")]
RatesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rate", help="Show this outcome or rate of the metric, such as sdc5; repeatable."
    ),
]
ChannelAxisOption = Annotated[
    int, typer.Option("--channel-axis", help="The axis that counts channels.")
]


class ProviderName(StrEnum):
    """Execution providers of ONNX Runtime."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


ProviderOption = Annotated[
    ProviderName,
    typer.Option("--provider", help="cuda fails if CUDA cannot run; auto falls back to the CPU."),
]
