"""Reads which outputs of a model are alarms of protections."""

import json

from onnxfi.display import shorten
from onnxfi.errors import ModelFormatError
from onnxfi.onnx_ir import ir

#: The metadata that lists the alarms: a JSON list of names of outputs.
ALARMS_KEY = "onnxfi.alarms"


def read_alarms(model: ir.Model) -> tuple[str, ...]:
    """Return the names of the outputs that are alarms, in the order of the metadata.

    Raises:
        ModelFormatError: the metadata is no list of Boolean outputs.
    """
    text = model.metadata_props.get(ALARMS_KEY)
    if text is None:
        return ()
    boolean = {x.name for x in model.graph.outputs if x.dtype == ir.DataType.BOOL}
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(x, str) and x in boolean for x in names):
        raise ModelFormatError(
            f"The metadata {ALARMS_KEY} must be a JSON list of Boolean outputs of the model, got "
            f"{shorten(text)!r}. Make the model again with `onnxfi harden`, or remove the entry."
        )
    return tuple(names)
