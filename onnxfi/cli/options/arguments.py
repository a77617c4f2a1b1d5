"""Arguments and options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="An .onnx file, or a model to convert.")
]
TargetOption = Annotated[
    str, typer.Option("--target", help="A tensor, layer or node name; see `onnxfi inspect`.")
]
TargetsOption = Annotated[
    list[str],
    typer.Option(
        "--target",
        help="A tensor, layer or node name; repeat the option to hit several targets at once.",
    ),
]
DirectoryArgument = Annotated[
    str, typer.Argument(metavar="DIR", help="A run directory, or its address.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the random generator.")]

InputsOption = Annotated[
    list[Path],
    typer.Option(
        "--inputs",
        metavar="X.npz",
        help="Arrays named after the graph inputs, with the samples along axis 0. Files of one "
        "input each: a pattern such as 'in/*.npz', or the option again for each.",
    ),
]
ArrayOption = Annotated[
    list[str] | None,
    typer.Option(
        "--array", metavar="NAME=ARRAY", help="The array of a graph input; repeat for several."
    ),
]
AxisOption = Annotated[
    list[str] | None,
    typer.Option(
        "--axis",
        metavar="NAME=AXIS",
        help="The axis of a graph input's samples, where it is not 0.",
    ),
]
ConstantOption = Annotated[
    list[str] | None,
    typer.Option(
        "--constant",
        metavar="NAME=VALUE",
        help="What a graph input always gets: an array of the file, a number, or a list.",
    ),
]
RepeatOption = Annotated[
    bool,
    typer.Option(
        "--repeat", help="Fill a batch of fixed size with one row, not with the next ones."
    ),
]

LimitSecondsOption = Annotated[
    float | None,
    typer.Option(
        "--limit-seconds",
        min=0,
        help="Processor time of a faulty execution; 0 for no limit; 50 times golden, at least 2.",
        show_default=False,
    ),
]
LimitMemoryOption = Annotated[
    int | None,
    typer.Option(
        "--limit-memory",
        metavar="MIB",
        min=0,
        help="Memory of a faulty execution; 0 for no limit; 8 times golden, at least 1200.",
        show_default=False,
    ),
]


class KindName(StrEnum):
    """Kinds of targets."""

    ACTIVATION = "activation"
    WEIGHT = "weight"
    INPUT = "input"


class ProviderName(StrEnum):
    """Where the tensors are computed."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


ProviderOption = Annotated[
    ProviderName,
    typer.Option("--provider", help="cuda fails where CUDA cannot run; auto falls back to cpu."),
]
