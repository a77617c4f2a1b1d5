"""Imports the configuration files of TensorFI2 and CLASSES for ``onnxfi campaign run``."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from onnxfi.campaign import Translation, translate_classes, translate_tensorfi2
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.options.inputs import configure_inputs
from onnxfi.cli.output import messages
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """The options that import the configuration file of another tool."""

    from_tensorfi2: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Run a configuration file of TensorFI2.")
    ] = None
    from_classes: Annotated[
        Path | None, typer.Option(metavar="JSON", help="Run a configuration file of CLASSES.")
    ] = None
    model: Annotated[
        Path | None, typer.Option(help="For such a file: the model, an ONNX or Keras file.")
    ] = None
    inputs: Annotated[
        list[Path] | None, typer.Option(metavar="X.npz", help="For such a file: the inputs.")
    ] = None
    labels: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For such a file: the array of --inputs with labels."),
    ] = None
    per_target: Annotated[
        int | None, typer.Option(min=1, help="For such a file: number of injections per target.")
    ] = None
    seed: Annotated[int | None, typer.Option(min=0, help="For such a file: the seed.")] = None


def import_configuration(
    options: ImportOptions, feeding: FeedingOptions, out: Path | None
) -> Configuration:
    """Translate the file of another tool, save the translation and report what it changed.

    Args:
        options: the file, and the settings that it lacks.
        feeding: how the graph inputs are fed.
        out: the run directory, which the translation is saved beside; None for a folder in ``runs``
            named after the file.

    Raises:
        OnnxfiError: an option is missing, the file is invalid or the translation cannot be written.
    """
    translation = _translate(options, feeding)
    out = Path("runs") / translation.source.stem if out is None else out
    configuration = translation.configuration.model_copy(update={"out": out.resolve()})
    for note in translation.notes:
        messages.print(f"Note: {note}")
    file = out.with_name(f"{out.name}.yaml")
    Translation(translation.source, configuration, translation.notes).write(file)
    shown = shlex.quote(os.path.relpath(file))
    messages.print(
        f"The translation is saved in {shown}. Run it again with: onnxfi campaign run {shown}"
    )
    return configuration


def _translate(options: ImportOptions, feeding: FeedingOptions) -> Translation:
    if not options.inputs:
        raise ConfigurationError(
            "Files of TensorFI2 and CLASSES do not name the inputs. Give --inputs X.npz."
        )
    inputs = configure_inputs(options.inputs, feeding, labels=options.labels)
    seed = options.seed or 0
    if options.from_classes is not None:
        return translate_classes(
            options.from_classes,
            model=options.model,
            inputs=inputs,
            per_target=options.per_target,
            seed=seed,
        )
    if options.from_tensorfi2 is None or options.model is None:
        raise ConfigurationError("A TensorFI2 file does not name the model. Give --model MODEL.")
    return translate_tensorfi2(
        options.from_tensorfi2,
        model=options.model,
        inputs=inputs,
        per_target=options.per_target,
        seed=seed,
    )
