"""Nodes are assigned to the prefix and the stages."""

import onnxfi
from onnxfi.graph import resolve_targets
from onnxfi.surgery.cut import Cut, prefix_outputs
from tests.support.small_graphs import SMALL_GRAPHS, chain


def names(values: list[object]) -> list[str]:
    return [getattr(x, "name", "") for x in values]


def test_stages_of_targets_downstream_of_each_other() -> None:
    model = onnxfi.load(chain())
    cut = Cut(model, resolve_targets(model, ["b", "a"]))
    assert [names([*x]) for x in cut.parts] == [["node_a"], ["node_b"], ["node_y"]]
    assert names([*cut.targets_at(1)]) == ["a"]
    assert names([*cut.targets_at(2)]) == ["b"]
    assert names([*cut.outputs(0)]) == ["a"]
    assert names([*cut.outputs(1)]) == ["b"]
    assert names([*cut.graph_outputs(2)]) == ["y"]


def test_every_value_crosses_to_a_later_level_once() -> None:
    for make in SMALL_GRAPHS.values():
        model = onnxfi.load(make())
        for target in model.targets():
            cut = Cut(model, [target])
            for level, values in enumerate(cut.crossing):
                assert len(values) == len(set(values))
                assert all(cut.levels.get(x, 0) < level for x in values)
            assert prefix_outputs(model, [target]) == cut.outputs(0)
