"""Builds the errors for layers that the native route does not translate, with advice.

TensorFlow may convert layers and options that are unsupported here. It cannot convert a user's
function or class, because the file does not hold its code.
"""

from collections.abc import Mapping
from typing import Any

from onnxfi.converters.options.keras_classes import KERAS_CLASSES
from onnxfi.errors import UnsupportedLayerError

_FAMILIES = ("keras", "tf_keras")
_LONGEST = 60


def unsupported(path: str, layer_class: str, reason: str) -> UnsupportedLayerError:
    """Return the error for a layer of Keras that the native route does not translate.

    Args:
        path: path of the layer in its model.
        layer_class: class name of the layer.
        reason: the unsupported part, as the end of "but layer … ".
    """
    return UnsupportedLayerError(
        f"The native route must know every layer and option, but layer {path!r} of class "
        f"{layer_class!r} {reason}. Use --route tf2onnx (pip install 'onnxfi[keras]').",
        layer=path,
        layer_class=layer_class,
    )


def user_code(path: str, layer_class: str, reason: str) -> UnsupportedLayerError:
    """Return the error for a user's function or class, which no route can load.

    Args:
        path: path of the layer in its model.
        layer_class: class name of the layer.
        reason: the part that is user code, as the end of "but layer … ".
    """
    return UnsupportedLayerError(
        f"A model must be made of layers and functions of Keras, but layer {path!r} of class "
        f"{layer_class!r} {reason}. onnxfi runs no code from a file. Where that code is, replace "
        "it by layers and functions of Keras, or write the model with model.export('folder') and "
        "convert the folder.",
        layer=path,
        layer_class=layer_class,
    )


def no_translation(
    path: str, layer_class: str, *, role: str = "", inner: str = ""
) -> UnsupportedLayerError:
    """Return the error for a class that the native route does not translate.

    Args:
        path: path of the layer in its model.
        layer_class: class name of the layer.
        role: the part of the layer that has the class, such as ``cell``; empty for the layer.
        inner: the class of that part.
    """
    name = inner or layer_class
    has = f"has the {role} {inner!r}, which " if inner else ""
    if name in KERAS_CLASSES or name.startswith("ops."):
        return unsupported(path, layer_class, f"{has}has no translation")
    reason = f"{has}holds code, or is no class of Keras that onnxfi knows"
    return user_code(path, layer_class, reason)


def class_of(entry: Mapping[str, Any]) -> str:
    """Return the class of a serialised object; as ``package>class`` outside Keras.

    Args:
        entry: a ``{"class_name": …, "config": …}``, in Keras 3 with the module of the class.
    """
    name = str(entry.get("class_name"))
    if ">" in name:
        return name
    registered, module = entry.get("registered_name"), entry.get("module", "keras")
    package, mark, _ = registered.partition(">") if isinstance(registered, str) else ("", "", "")
    if not mark:  # Keras 3 writes null for the module of an unregistered class
        package = module.split(".")[0] if isinstance(module, str) else "Custom"
    return name if package in (*_FAMILIES, "builtins") else f"{package}>{name}"


def shown(value: object) -> str:
    """Return a value of a configuration for a message, truncated if it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
