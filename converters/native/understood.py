"""Refusing what a configuration asks for and no translation reads, before any weight is counted."""

from collections.abc import Iterator, Mapping
from typing import Any

from onnxfi.converters.keras_files.graph import KerasLayer, KerasModel
from onnxfi.converters.native.argument_checks import is_operation
from onnxfi.converters.native.layer_table import TRANSLATIONS
from onnxfi.converters.options.known import known_options
from onnxfi.converters.options.refusals import class_of, no_translation
from onnxfi.converters.translation.dtype_policy import compute_type
from onnxfi.converters.translation.known_options import require_known_options
from onnxfi.converters.translation.layer_call import Options


def require_understood(model: KerasModel, keras_major: int, path: str = "") -> None:
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
        require_known_options(Options(name, "InputLayer", entry.options, keras_major))
    for layer in model.layers:
        _require_layer(layer, keras_major, f"{path}{layer.name}")


def _require_layer(layer: KerasLayer, keras_major: int, path: str) -> None:
    options = Options(path, layer.layer_class, layer.options, keras_major)
    if layer.model is not None:
        require_known_options(options)
        require_understood(layer.model, keras_major, f"{path}/")
        return
    if layer.layer_class not in TRANSLATIONS:
        raise no_translation(path, layer.layer_class)
    require_known_options(options)
    if is_operation(layer.layer_class):  # it has no policy
        return
    dtype = compute_type(options)
    for inner in layer.inner:
        _require_layer(inner, keras_major, f"{path}/{inner.name}")
    for cell in _cells(options):
        if known_options(cell.layer_class) is None:
            raise no_translation(path, layer.layer_class, role="cell", inner=cell.layer_class)
        require_known_options(cell)
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
