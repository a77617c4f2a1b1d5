"""Reads and writes the list of saboteurs in a model's metadata."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from onnxfi.errors import ModelFormatError
from onnxfi.onnx_ir import ir

#: Key of the model's metadata under which its saboteurs are listed, as JSON.
METADATA_KEY = "onnxfi.saboteurs"


@dataclass(frozen=True, slots=True)
class Saboteur:
    """A saboteur as a model's metadata describes it.

    Attributes:
        target: name of the tensor that it corrupts.
        input: name of the graph input that selects: k for corruption k, -1 for no fault, -2 for a
            random corruption.
        corruptions: number of corruptions that it holds.
        per_sample: whether each sample of a batch is corrupted by itself; otherwise the tensor is
            corrupted as a whole.
    """

    target: str
    input: str
    corruptions: int
    per_sample: bool


def read_saboteurs(model: ir.Model) -> list[Saboteur]:
    """Return the saboteurs that a model's metadata lists.

    Raises:
        ModelFormatError: the list is damaged.
    """
    text = model.metadata_props.get(METADATA_KEY, "[]")
    try:
        return [Saboteur(**entry) for entry in json.loads(text)]
    except (TypeError, ValueError) as error:
        raise ModelFormatError(
            f"The model's metadata under {METADATA_KEY} must list its saboteurs, and it does not: "
            f"{error}. Embed into the original model, without saboteurs."
        ) from error


def write_saboteurs(model: ir.Model, saboteurs: Sequence[Saboteur]) -> None:
    """Write the list of saboteurs into a model's metadata."""
    model.metadata_props[METADATA_KEY] = json.dumps([asdict(x) for x in saboteurs])
