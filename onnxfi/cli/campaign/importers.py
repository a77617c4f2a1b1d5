"""``onnxfi campaign run --from-tensorfi2`` and ``--from-classes``."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import Configuration
from onnxfi.campaign.importers import Translation, translate_classes, translate_tensorfi2
from onnxfi.cli.options.inputs import inputs_of
from onnxfi.cli.output import messages
from onnxfi.errors import ConfigurationError

TensorFI2Option = Annotated[
    Path | None, typer.Option("--from-tensorfi2", metavar="YAML", help="Run a TensorFI2 file.")
]
ClassesOption = Annotated[
    Path | None, typer.Option("--from-classes", metavar="JSON", help="Run a CLASSES file.")
]
ModelOption = Annotated[
    Path | None, typer.Option(help="For such a file: an .onnx file, or a Keras file.")
]
InputsOption = Annotated[
    list[Path] | None, typer.Option(metavar="X.npz", help="For such a file: the inputs.")
]
LabelsOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="For such a file: the array of labels.")
]
PerTargetOption = Annotated[
    int | None, typer.Option(min=1, help="For such a file: injections for each target.")
]
SeedOption = Annotated[int | None, typer.Option(min=0, help="For such a file: the seed.")]


def translate(
    *,
    from_tensorfi2: Path | None,
    from_classes: Path | None,
    model: Path | None,
    inputs: Sequence[Path] | None,
    labels: str | None,
    array: Sequence[str] | None,
    axis: Sequence[str] | None,
    constant: Sequence[str] | None,
    repeat: bool | None,
    per_target: int | None,
    seed: int | None,
) -> Translation:
    """Translate the older tool's file that is given.

    Raises:
        OnnxfiError: an option is missing, or the file makes no sense.
    """
    if not inputs:
        raise ConfigurationError("A file of an older tool names no inputs: give --inputs X.npz.")
    samples = inputs_of(
        inputs, array=array, axis=axis, constant=constant, repeat=bool(repeat), labels=labels
    )
    seed = seed or 0
    if from_classes is not None:
        return translate_classes(
            from_classes, model=model, inputs=samples, per_target=per_target, seed=seed
        )
    if from_tensorfi2 is None or model is None:
        raise ConfigurationError("A TensorFI2 file names no model: give --model MODEL.")
    return translate_tensorfi2(
        from_tensorfi2, model=model, inputs=samples, per_target=per_target, seed=seed
    )


def keep(translation: Translation, out: Path | None) -> Configuration:
    """Write a translation beside its run directory, and tell its notes and where it is.

    Args:
        translation: the translation.
        out: the run directory; by default a folder in ``runs``, named after the older tool's file.

    Raises:
        ConfigurationError: it cannot be written.
    """
    out = Path("runs") / translation.source.stem if out is None else out
    configuration = translation.configuration.model_copy(update={"out": out.resolve()})
    for note in translation.notes:
        messages.print(f"Note: {note}")
    file = out.with_name(f"{out.name}.yaml")
    Translation(translation.source, configuration, translation.notes).write(file)
    shown = shlex.quote(os.path.relpath(file))
    messages.print(f"The translation is in {shown}; it runs by: onnxfi campaign run {shown}")
    return configuration
