"""Translates the files of CLASSES.

Format and meaning: github.com/D4De/classes, ``tools/add_classes_saved_model`` (``README.md``,
``config.json`` and the scripts that read it). A file holds these keys:

* ``model``: the Keras file; ``new_model``: the folder where a faulty copy of it is written.
* ``injection_sites``: the number of injections.
* ``layer_type``: the error model, a file ``layer_type.json`` in ``models_folder``.
* ``layer_output_shape_cf``, ``layer_output_shape_cl``: the shape of the layer's output, channels
  first and channels last, such as ``(None, 16, 27, 27)`` and ``(None, 27, 27, 16)``.
* ``range_min``, ``range_max``: the range of the layer's values; -30 and 30 where one is null.

The file does not name the layer: users of CLASSES insert the simulator by hand.
"""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from onnxfi.campaign.importers.document import Document
from onnxfi.campaign.importers.operators import LAYER_TYPES, computes
from onnxfi.campaign.importers.shapes import (
    Shape,
    channels_first,
    channels_last,
    has_shape,
    parse_shape,
)
from onnxfi.campaign.importers.translation import Translation
from onnxfi.configuration import Configuration, Inputs
from onnxfi.error_models import load as load_error_model
from onnxfi.errors import ConfigurationError, ErrorModelError
from onnxfi.graph import Model, Target, format_shape, load

_SHAPES = ("layer_output_shape_cf", "layer_output_shape_cl")
_KEYS = (
    *("model", "new_model", "injection_sites", "layer_type", "models_folder"),
    *_SHAPES,
    *("range_min", "range_max"),
)
# The default range of CLASSES.
_RANGE = (-30.0, 30.0)


def translate_classes(
    path: Path,
    *,
    model: Path | None = None,
    inputs: Inputs,
    per_target: int | None = None,
    seed: int = 0,
) -> Translation:
    """Translate a configuration file of CLASSES.

    Args:
        path: the JSON file; relative paths in it are relative to its folder.
        model: the model, an .onnx file or any convertible file; None for the model of the file.
        inputs: the inputs of the campaign.
        per_target: injections for each target; None for the file's ``injection_sites``.
        seed: the campaign's seed.

    Raises:
        ConfigurationError: the file is wrong, or matches no target of the model.
        ModelFormatError: the model cannot be loaded.
    """
    said = Document.from_json(path)
    notes = [*said.unknown(_KEYS)]
    sites = said.integer("injection_sites", "the number of injections, at least 1", low=1)
    if per_target is not None and per_target != sites:
        notes.append(f"injection_sites: {sites} is overridden by --per-target {per_target}.")
    shape = _shape(said, notes)
    entry = _error_model(said, notes)
    model_path = _model(said, model, notes)
    loaded = load(model_path)
    targets = _targets(said, loaded, shape)
    notes.append(_choice(said, loaded, targets))
    if "new_model" in said.values:
        notes.append(_embedding(said, model_path, targets, entry, sites))
    configuration = Configuration.model_validate(
        {
            "model": model_path,
            "inputs": inputs.resolved(Path.cwd()),
            "targets": {"kind": "activation", "tensors": [target.tensor for target in targets]},
            "error_models": [entry],
            "injections": {"per_target": sites if per_target is None else per_target},
            "seed": seed,
        }
    )
    return Translation(path, configuration, tuple(notes))


def _shape(said: Document, notes: list[str]) -> Shape:
    """Return the shape of the output, channels first."""
    first, last = (_parsed(said, key) for key in _SHAPES)
    if first is None:
        if last is None:
            raise said.wrong(_SHAPES[0], "the shape of the layer's output, as '(None, 16, 27, 27)'")
        return channels_first(last)
    if last is None or channels_last(first)[1:] == last[1:]:
        return first
    # The texts in the template of CLASSES are swapped.
    if channels_last(last)[1:] == first[1:]:
        notes.append(
            f"{_SHAPES[0]} and {_SHAPES[1]} are swapped, so the channels are "
            f"{last[1]} (taken from {_SHAPES[1]})."
        )
        return last
    expected = "x".join(map(str, channels_last(first)[1:]))
    raise said.wrong(_SHAPES[1], f"{_SHAPES[0]} with the channels last, {expected} after the batch")


def _parsed(said: Document, key: str) -> Shape | None:
    value = said.values.get(key)
    if value is None:
        return None
    shape = parse_shape(value)
    if shape is None:
        raise said.wrong(key, "a shape of two axes or more, as '(None, 16, 27, 27)'")
    return shape


def _error_model(said: Document, notes: list[str]) -> dict[str, Any]:
    name = said.text("layer_type", "the name of an error model, such as conv_gemm")
    folder = said.path.parent / said.text("models_folder", "the folder of the error models")
    file = folder / f"{name}.json"
    if not file.is_file():
        there = ", ".join(sorted(path.stem for path in folder.glob("*.json"))) or "none"
        raise said.wrong("layer_type", f"an error model in {folder} (which holds {there})")
    low, high = _range(said, notes)
    entry: dict[str, Any] = {
        "name": "spatial",
        "configuration": {"model": str(file.resolve()), "low": low, "high": high},
    }
    try:
        load_error_model(entry)
    except ErrorModelError as error:
        raise ConfigurationError(f"{said.path}: layer_type: {error}") from error
    return entry


def _range(said: Document, notes: list[str]) -> tuple[float, float]:
    keys = ("range_min", "range_max")
    if any(said.values.get(key) is None for key in keys):
        notes.append(
            f"range_min, range_max: {_RANGE[0]:g} and {_RANGE[1]:g}, the defaults of CLASSES. "
            "Remove low and high from the translation to use the range of the golden tensor."
        )
        return _RANGE
    low, high = (said.number(key, "a number") for key in keys)
    if low > high:
        raise said.wrong("range_max", f"at least range_min, {low}")
    return low, high


def _model(said: Document, given: Path | None, notes: list[str]) -> Path:
    own = said.values.get("model")
    if given is not None:
        if own is not None and (said.path.parent / str(own)).resolve() != given.resolve():
            notes.append(f"model: {own} is overridden by --model {given}.")
        return given.resolve()
    rule = f"a file in {said.path.parent}, unless --model is given"
    file = said.path.parent / said.text("model", rule)
    if not file.is_file():
        raise said.wrong("model", rule)
    return file.resolve()


def _targets(said: Document, model: Model, shape: Shape) -> list[Target]:
    layer_type = said.values["layer_type"]
    candidates = [x for x in model.targets(kind="activation") if computes(model, x, layer_type)]
    if not candidates:
        ops = ", ".join(sorted({target.op_type for target in model.targets(kind="activation")}))
        raise said.wrong("layer_type", f"an operator of the model ({ops})")
    targets = [target for target in candidates if has_shape(target, shape)]
    if not targets:
        shapes = ", ".join(dict.fromkeys(format_shape(target.shape) for target in candidates))
        key = next(key for key in _SHAPES if said.values.get(key) is not None)
        raise said.wrong(key, f"the shape of a {layer_type} output of the model ({shapes})")
    return targets


def _choice(said: Document, model: Model, targets: Sequence[Target]) -> str:
    fitting = ", ".join(f"{target.tensor!r} ({target.op_type})" for target in targets)
    choices = _choices(model, said.values["layer_type"], targets)
    return " ".join([f"layer_type and shape fit {fitting}.", *choices])


def _choices(model: Model, layer_type: str, targets: Sequence[Target]) -> Iterator[str]:
    if layer_type not in LAYER_TYPES:
        yield f"No operator is known for {layer_type}; the choice is by shape alone."
    if len(targets) > 1:
        yield (
            f"Each of the {len(targets)} gets its own injections. Remove unwanted targets from the "
            "translation."
        )
    if {target.tensor for target in targets} & {layer.operator_tensor for layer in model.layers}:
        yield "It is before the layer's activation; the simulator of CLASSES is after it."


def _embedding(
    said: Document, model: Path, targets: Sequence[Target], entry: dict[str, Any], sites: int
) -> str:
    spec = ",".join(f"{key}={value}" for key, value in entry["configuration"].items())
    command = shlex.join(
        [
            *("onnxfi", "embed", str(model), "--target", targets[0].tensor),
            *("--error-model", f"{entry['name']}:{spec}", "--sites", str(sites)),
            *("--out", str(Path(said.text("new_model", "a folder")) / f"{model.stem}.onnx")),
        ]
    )
    return f"new_model: a campaign writes no faulty model. This command does: {command}"
