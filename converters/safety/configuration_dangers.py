"""Finds what loading a configuration would execute or read, without loading it.

tf_keras runs the bytecode of a Lambda while it loads a .h5, even in its safe mode, and imports any
module that a configuration names. So this check must come before anything is loaded.
"""

from collections.abc import Iterator, Mapping
from typing import Any

# Classes that hold, or name, code to be executed.
_CODE_CLASSES = {
    *("Lambda", "__lambda__", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"),
    *("ClassMethod", "InstanceMethod", "InstanceProperty"),
    *("TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
}
_FAMILIES = {"keras", "tf_keras"}
# Packages between the family and the kind of object: keras.src.layers, keras.api.layers, ….
_INNER = {"src", "api", "_tf_keras", "keras", "engine", "__internal__", "legacy"}
# Modules of Keras that hold only parts of models; others hold functions that access files.
_KINDS = {
    *("layers", "models", "functional", "sequential", "training", "input_layer", "ops", "random"),
    *("activations", "initializers", "regularizers", "constraints", "quantizers"),
    *("losses", "metrics", "optimizers", "dtype_policies", "mixed_precision"),
}
_FUNCTION_KINDS = _KINDS - {"layers", "models", "functional", "sequential", "training"}
_PACKAGES = {"keras", "tf_keras", "builtins"}
_LARGEST_SIZE = 2**31
_SHAPES = ("shape", "batch_shape", "batch_input_shape", "input_shape", "build_input_shape")


def configuration_dangers(value: Any, path: str = "") -> Iterator[str]:
    """Yield what loading a configuration would execute or read, in words for a message.

    Args:
        value: decoded JSON.
        path: path of the layer that it belongs to.
    """
    if isinstance(value, list):
        for item in value:
            yield from configuration_dangers(item, path)
    if not isinstance(value, dict):
        return
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    if isinstance(name, str):
        path = f"{path}/{name}" if path else name
    yield from _own_dangers(value, path)
    for item in value.values():
        yield from configuration_dangers(item, path)


def _own_dangers(entry: Mapping[str, Any], path: str) -> Iterator[str]:
    layer_class, module = entry.get("class_name"), entry.get("module")
    vocabulary = entry.get("vocabulary")
    if isinstance(layer_class, str) and layer_class in _CODE_CLASSES:
        yield f"{path!r} of class {layer_class!r}, which executes code"
    if entry.get("function_type") == "lambda":
        yield f"a lambda in {path!r}, which executes code"
    if isinstance(module, str) and not _is_harmless(module, layer_class):
        yield f"{path!r} of class {layer_class!r} of the module {module!r}, which is imported"
    # Keras 2 registers classes under such a class_name, Keras 3 under a registered_name.
    for registered in dict.fromkeys(map(str, (layer_class, entry.get("registered_name")))):
        package, mark, _ = registered.partition(">")
        if mark and package not in _PACKAGES:
            yield f"{path!r} of the custom class {registered!r}, which is code of its author"
    if isinstance(vocabulary, str):
        yield f"{path!r}, which reads the file {vocabulary!r}"
    for key in _SHAPES:
        sizes = entry.get(key)
        if isinstance(sizes, list) and not all(map(_is_size, sizes)):
            yield f"the {key} {str(sizes)[:60]} in {path!r}, which is no shape"


def _is_harmless(module: str, layer_class: object) -> bool:
    if module == "builtins":
        return layer_class == "function"
    family, *parts = module.split(".")
    kinds = [part for part in parts if part not in _INNER]
    allowed = _FUNCTION_KINDS if layer_class == "function" else _KINDS
    return family in _FAMILIES and (not kinds or kinds[0] in allowed)


def _is_size(size: object) -> bool:
    """Return whether an entry of a shape is valid; several inputs have a shape of shapes."""
    if isinstance(size, list):
        return all(map(_is_size, size))
    if size is None or isinstance(size, str):
        return True
    return isinstance(size, int) and 0 <= size < _LARGEST_SIZE
