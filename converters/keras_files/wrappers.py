"""Lists the layers inside Bidirectional, TimeDistributed, SpectralNormalization and attention.

Their paths are ``<wrapper>/<layer>``. Bidirectional stores one configuration and makes two layers
of it. Multi-head attention stores none, and makes its projections and its softmax.
"""

from collections.abc import Mapping
from typing import Any

from onnxfi.converters.keras_files.call_arguments import damaged

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Bidirectional": ("forward_layer", "backward_layer"),
    "SpectralNormalization": ("layer",),
    "TimeDistributed": ("layer",),
}


def inner_groups(layer_class: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the inner layers in the newer layout of weights, in the same order."""
    if layer_class in _GROUPS:
        return _GROUPS[layer_class]
    gate = ("gate_dense",) if config.get("use_gate") else ()
    return ("query_dense", "key_dense", *gate, "value_dense", "softmax", "output_dense")


def inner_layers(path: str, layer_class: str, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the layers that a layer calls, each as ``{"class_name": …, "config": …}``.

    They are in the order in which the layer stores their weights.

    Args:
        path: path of the layer, for messages.
        layer_class: its class.
        config: its configuration.

    Raises:
        ModelFormatError: the configuration lacks an inner layer.
    """
    if layer_class in ("SpectralNormalization", "TimeDistributed"):
        return [_entry(path, config, "layer")]
    if layer_class == "Bidirectional":
        return _directions(path, config)
    if layer_class == "MultiHeadAttention":
        heads, size = config.get("num_heads"), config.get("key_dim")
        return _attention_parts(config, heads, heads, size, config.get("value_dim") or size)
    if layer_class == "GroupedQueryAttention":
        heads, size = config.get("num_query_heads"), config.get("head_dim")
        return _attention_parts(config, heads, config.get("num_key_value_heads"), size, size)
    return []


def _directions(path: str, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the forward and the backward layer, with the options that Bidirectional sets."""
    forward = _entry(path, config, "layer")
    if config.get("backward_layer") is None:
        backward = _with(forward, go_backwards=not forward["config"].get("go_backwards"))
    else:
        backward = _entry(path, config, "backward_layer")
    names = [str(entry["config"].get("name") or "layer") for entry in (forward, backward)]
    if not names[0].startswith("forward_"):  # Keras 3 stores the names with the directions
        names = [f"forward_{names[0]}", f"backward_{names[1]}"]
    # A sequence that Bidirectional returns is zero where its Keras mask is false.
    return [
        _with(entry, name=name, zero_output_for_mask=entry["config"].get("return_sequences", False))
        for entry, name in zip((forward, backward), names, strict=True)
    ]


def _attention_parts(
    config: Mapping[str, Any], heads: Any, value_heads: Any, key_size: Any, value_size: Any
) -> list[dict[str, Any]]:
    """Return the layers that multi-head attention makes."""
    output = config.get("output_shape")
    output_sizes = output if isinstance(output, list) else [output]
    biased = bool(config.get("use_bias", True))
    common = {key: config[key] for key in ("dtype", "trainable") if key in config}

    def projection(name: str, equation: str, sizes: list[Any], axes: str) -> dict[str, Any]:
        options = {
            "name": name,
            "equation": equation,
            "output_shape": [None, *sizes],
            "bias_axes": axes if biased else None,
        }
        return {"class_name": "EinsumDense", "config": common | options}

    # Any axes may come before the features: the file does not state the rank.
    to_heads = "...c,cde->...de"
    letters = "efghijklmnop"[: len(output_sizes)]
    gate = []
    if config.get("use_gate"):
        gate.append(projection("gate", to_heads, [heads, value_size], "de"))
        gate[0]["config"]["activation"] = "sigmoid"
    return [
        projection("query", to_heads, [heads, key_size], "de"),
        projection("key", to_heads, [value_heads, key_size], "de"),
        *gate,
        projection("value", to_heads, [value_heads, value_size], "de"),
        {"class_name": "Softmax", "config": common | {"name": "softmax"}},
        projection("attention_output", f"...cd,cd{letters}->...{letters}", output_sizes, letters),
    ]


def _entry(path: str, config: Mapping[str, Any], key: str) -> dict[str, Any]:
    entry = config.get(key)
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        raise damaged(path, f"wraps the layer {str(entry)[:60]!r}")
    return entry


def _with(entry: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {**entry, "config": {**entry["config"], **options}}
