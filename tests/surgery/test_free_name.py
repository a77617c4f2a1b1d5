"""New names do not clash with a model's names."""

import onnxfi
from onnxfi.surgery.free_name import free_name
from tests.support.small_graphs import model, node, value


def test_names_and_paths_are_avoided() -> None:
    nodes = [node("Neg", "x", "s/a"), node("Neg", "s/a", "s_"), node("Neg", "s_", "y")]
    loaded = onnxfi.load(model(nodes, [value("x", [1])], [value("y", [1])]))
    assert free_name(loaded, "free") == "free"
    assert free_name(loaded, "y") == "y_"
    assert free_name(loaded, "s") == "s__"  # `s` is a path prefix, and `s_` a tensor
    assert free_name(loaded, "s/") == "s/"
