"""Translates the files of TensorFI2.

Format and meaning: github.com/DependableSystemsLab/TensorFI2, ``conf/README.md`` and
``src/tensorfi2.py``. A file holds these keys:

* ``Target``: ``layer_states``, the trainable variables, or ``layer_outputs``.
* ``Mode``: ``single``, one of them drawn for each injection, or ``multiple``, all of them at once.
* ``Type``: ``zeros``, ``random`` (uniform in [0, 1)) or ``bitflips``.
* ``Amount``: how many values of each; for ``zeros`` a percentage of them.
* ``Bit``: for ``bitflips``, 0 (least significant) to 31, or ``N`` for a random one.
* ``FIMode``, ``LayerName``, ``LayerInstanceNumber``: newer; pick layers whose names hold a text.

The file does not give the number of injections; it is an argument of TensorFI2's scripts.
"""

from collections.abc import Iterator
from pathlib import Path

from onnxfi.campaign.importers.amount import error_model, large_enough, rounding
from onnxfi.campaign.importers.document import Document
from onnxfi.campaign.importers.layers import LAYER_KEYS, any_layer, choose
from onnxfi.campaign.importers.translation import Translation
from onnxfi.configuration import Configuration, Inputs
from onnxfi.graph import load

PER_TARGET = 1000

_KEYS = ("Target", "Mode", "Type", "Amount", "Bit", *LAYER_KEYS)


def translate_tensorfi2(
    path: Path, *, model: Path, inputs: Inputs, per_target: int | None = None, seed: int = 0
) -> Translation:
    """Translate a configuration file of TensorFI2.

    Args:
        path: the YAML file.
        model: the model, an .onnx file or any convertible file.
        inputs: the inputs of the campaign.
        per_target: injections for each target, or for all together in mode ``multiple``; None for
            1000.
        seed: the campaign's seed.

    Raises:
        ConfigurationError: the file is wrong, or matches no target of the model.
        ModelFormatError: the model cannot be loaded.
    """
    said, corrections = _corrected(Document.from_yaml(path))
    kind = said.choice("Target", ("layer_states", "layer_outputs"))
    mode = said.choice("Mode", ("single", "multiple"))
    entry = error_model(said)
    choice = choose(said, load(model))
    targets, dropped = large_enough(said, choice.targets)
    per_target = PER_TARGET if per_target is None else per_target
    selection = {
        "kind": "weight" if kind == "layer_states" else "activation",
        "tensors": [target.tensor for target in targets],
    }
    configuration = Configuration.model_validate(
        {
            "model": model.resolve(),
            "inputs": inputs.resolved(Path.cwd()),
            "targets": selection if mode == "single" else [selection],
            "error_models": [entry],
            "injections": {"per_target": per_target},
            "seed": seed,
        }
    )
    notes = (
        *said.unknown(_KEYS),
        *corrections,
        *_unused(said),
        *choice.notes,
        *dropped,
        _how_often(mode, len(targets), per_target),
        *rounding(said, targets),
    )
    return Translation(path, configuration, notes)


def _corrected(said: Document) -> tuple[Document, list[str]]:
    """Convert the forms of early versions and of the documentation to the current form."""
    values, notes = dict(said.values), []
    if "Target" not in values and values.get("Mode") in ("layer_states", "layer_outputs"):
        values |= {"Target": values["Mode"], "Mode": "single"}
        notes.append(
            f"Mode: {values['Target']} of an early version is read as Target, Mode: single."
        )
    if values.get("Target") == "layer_state":
        values["Target"] = "layer_states"
        notes.append("Target: layer_state is read as layer_states.")
    if values.get("Type") == "bitflips" and "Bit" not in values:
        values["Bit"] = "N"
        notes.append("Bit is missing, and is taken as N, a random bit.")
    return Document(said.path, values), notes


def _unused(said: Document) -> Iterator[str]:
    unused = []
    if said.values["Type"] != "bitflips":
        unused.append(("Bit", "Type"))
    if said.values["Target"] == "layer_states":
        unused.extend((key, "Target") for key in LAYER_KEYS)
    elif any_layer(said):
        unused.extend((key, "FIMode") for key in LAYER_KEYS[1:])
    elif said.values["Mode"] == "multiple":
        unused.append(("LayerInstanceNumber", "Mode"))
    for key, reason in unused:
        if key in said.values:
            yield (
                f"{key} is not used with {reason}: {said.values.get(reason, 'random')}, as in "
                "TensorFI2."
            )


def _how_often(mode: str, targets: int, per_target: int) -> str:
    injections = f"{per_target} injections (--per-target)"
    if mode == "multiple":
        return (
            f"Mode: multiple hits all {targets} targets in each of {injections}, as TensorFI2's "
            "documentation says; its code leaves out the last ones."
        )
    if targets == 1:
        return f"The file does not give the number of injections: {injections}."
    return (
        "Mode: single draws one target for each injection in TensorFI2; here each of the "
        f"{targets} gets {injections} of its own."
    )
