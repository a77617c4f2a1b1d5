"""The layer map: which tensor of a converted model holds the output of which layer.

It travels inside the ONNX model, in ``metadata_props`` under the key `METADATA_KEY`, as JSON:
``{"version": 1, "layers": [{"layer": …, "class": …, "tensor": …, "operator_tensor": …,
"channel_axis": …}, …]}``, in the order in which the layers run.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from onnxfi.errors import ModelFormatError

METADATA_KEY = "onnxfi.layers"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Layer:
    """One call of one layer of the source framework.

    Attributes:
        path: name of the layer in its model, nested models and wrappers joined by ``/``, such as
            ``both/forward_lstm`` in a Bidirectional and ``attention/query`` in an attention; the
            second call of a shared layer ends in ``@1``, the third in ``@2``, and the second
            output of a layer in ``:1``.
        layer_class: class name in the source framework, such as ``Conv2D``.
        tensor: the ONNX tensor that holds the layer's output, after its activation.
        operator_tensor: the tensor before the activation, where the layer has a built-in
            activation, otherwise None.
        channel_axis: axis of the channels in `tensor`, or None where there is none.
    """

    path: str
    layer_class: str
    tensor: str
    operator_tensor: str | None = None
    channel_axis: int | None = None


# JSON key of each field of Layer.
_KEYS = {
    "path": "layer",
    "layer_class": "class",
    "tensor": "tensor",
    "operator_tensor": "operator_tensor",
    "channel_axis": "channel_axis",
}


def dump_layers(layers: Iterable[Layer]) -> str:
    """Return the JSON text that `parse_layers` reads."""
    entries = [{_KEYS[field]: value for field, value in asdict(x).items()} for x in layers]
    return json.dumps({"version": VERSION, "layers": entries})


def parse_layers(text: str) -> tuple[Layer, ...]:
    """Return the layers of a layer map's JSON text.

    Raises:
        ModelFormatError: the text is not a layer map of a version that this onnxfi reads.
    """
    try:
        document = json.loads(text)
        version = document["version"]
        if version == VERSION:
            return tuple(
                Layer(**{field: entry[key] for field, key in _KEYS.items()})
                for entry in document["layers"]
            )
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFormatError(
            f"The metadata {METADATA_KEY!r} must be a layer map written by onnxfi, but reading it "
            f"failed with {error!r}. Convert the model again."
        ) from error
    raise ModelFormatError(
        f"The layer map in {METADATA_KEY!r} must be of version {VERSION}, got {version!r}. "
        "Convert the model again, or update onnxfi."
    )
