"""Refuses models with layers or options that have no translation, before weights are counted."""

from collections.abc import Iterator, Mapping
from typing import Any

from onnxfi.converters.keras_files.model import KerasLayer, KerasModel
from onnxfi.converters.native.layer_table import kind_of
from onnxfi.converters.options.known import layer_options
from onnxfi.converters.options.refusals import class_of, no_translation
from onnxfi.converters.recurrent.cell import CELLS
from onnxfi.converters.translation.dtype_policy import compute_type
from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.option_checks import require_known_options

INPUT_OPTIONS = layer_options("sparse", "ragged", fixed={"optional": False})
"""The options of an InputLayer."""

# The layers inside state dtypes of their own.
_MODEL = layer_options("layers", "input_layers", "output_layers", "build_input_shape")


def require_supported(model: KerasModel, keras_major: int, path: str = "") -> None:
    """Refuse a model with a layer, an option or a dtype policy that has no translation.

    Args:
        model: the model.
        keras_major: 2 or 3.
        path: path of the model inside the outermost one, ending in ``/``.

    Raises:
        UnsupportedLayerError: names the first of them.
    """
    for entry in model.inputs:
        name = f"{path}{entry.name}"
        require_known_options(
            Options(name, "InputLayer", entry.options, keras_major), INPUT_OPTIONS
        )
    for layer in model.layers:
        _require_layer(layer, keras_major, f"{path}{layer.name}")


def _require_layer(layer: KerasLayer, keras_major: int, path: str) -> None:
    options = Options(path, layer.layer_class, layer.options, keras_major)
    if layer.model is not None:
        require_known_options(options, _MODEL)
        require_supported(layer.model, keras_major, f"{path}/")
        return
    kind = kind_of(options)
    require_known_options(options, kind.options)
    if kind.operation:  # it has no policy
        return
    dtype = compute_type(options)
    for inner in layer.inner:
        _require_layer(inner, keras_major, f"{path}/{inner.name}")
    for cell in _cells(options):
        if cell.layer_class not in CELLS:
            raise no_translation(path, layer.layer_class, role="cell", inner=cell.layer_class)
        require_known_options(cell, CELLS[cell.layer_class])
        if compute_type(cell) != dtype:
            raise options.unsupported(f"has a cell with the dtype policy {compute_type(cell)!r}")


def _cells(options: Options) -> Iterator[Options]:
    """Yield the configuration of each cell of an RNN, also of those in a stack."""
    entries = [options.values.get("cell")]
    while entries:
        entry = entries.pop()
        if isinstance(entry, Mapping) and isinstance(entry.get("config"), Mapping):
            config: Mapping[str, Any] = entry["config"]
            yield Options(options.path, class_of(entry), config, options.keras_major)
            inside = config.get("cells")
            entries += inside if isinstance(inside, list) else []
