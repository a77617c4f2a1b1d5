"""The list of saboteurs is written to metadata and read back."""

import pytest

import onnxfi
from onnxfi.errors import ModelFormatError
from onnxfi.surgery.saboteur import METADATA_KEY, Saboteur, read_saboteurs, write_saboteurs
from tests.support.small_graphs import chain


def test_what_is_written_is_read() -> None:
    model = onnxfi.load(chain()).ir_model
    assert read_saboteurs(model) == []
    listed = [Saboteur("a", "saboteur/a", 3, True), Saboteur("w", "saboteur/w", 1, False)]
    write_saboteurs(model, listed)
    assert read_saboteurs(model) == listed


@pytest.mark.parametrize("text", ["{", '[{"target": "a"}]', '["a"]', "7"])
def test_a_damaged_list_is_refused(text: str) -> None:
    model = onnxfi.load(chain()).ir_model
    model.metadata_props[METADATA_KEY] = text
    with pytest.raises(ModelFormatError, match="must list its saboteurs"):
        read_saboteurs(model)
