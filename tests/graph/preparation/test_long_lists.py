"""Tree ensembles: their lists stay where they were read, and nothing else changes."""

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
from onnx import TensorProto, helper

import onnxfi
from onnxfi.graph.preparation.long_lists import LongList

TREES = 300


def ensemble() -> onnx.ModelProto:
    """Stumps that classify by one feature each."""
    trees = np.repeat(np.arange(TREES), 3).tolist()
    rng = np.random.default_rng(0)
    leaves = [x for tree in range(TREES) for x in (tree, tree)] * 2
    node = helper.make_node(
        "TreeEnsembleClassifier",
        ["x"],
        ["label", "scores"],
        domain="ai.onnx.ml",
        nodes_treeids=trees,
        nodes_nodeids=[0, 1, 2] * TREES,
        nodes_featureids=rng.integers(0, 4, 3 * TREES).tolist(),
        nodes_values=rng.standard_normal(3 * TREES).astype(np.float32).tolist(),
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * TREES,
        nodes_truenodeids=[1, 0, 0] * TREES,
        nodes_falsenodeids=[2, 0, 0] * TREES,
        class_treeids=leaves,
        class_nodeids=[1, 2] * TREES * 2,
        class_ids=[0] * 2 * TREES + [1] * 2 * TREES,
        class_weights=rng.random(4 * TREES).astype(np.float32).tolist(),
        classlabels_int64s=[0, 1],
        post_transform="NONE",
    )
    relu = helper.make_node("Relu", ["raw"], ["x"])
    graph = helper.make_graph(
        [relu, node],
        "trees",
        [helper.make_tensor_value_info("raw", TensorProto.FLOAT, ["N", 4])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 2]),
        ],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def test_loading_keeps_every_list(tmp_path: Path) -> None:
    proto = ensemble()
    untouched = proto.SerializeToString(deterministic=True)
    onnx.save(proto, tmp_path / "m.onnx")
    for loaded in (onnxfi.load(proto), onnxfi.load(tmp_path / "m.onnx")):
        trees = loaded.graph[1]
        assert isinstance(trees.attributes["class_weights"], LongList)
        kept = ir.serde.serialize_model(loaded.ir_model).graph.node[1]
        before = {x.name: x for x in proto.graph.node[1].attribute}
        assert {x.name: x for x in kept.attribute} == before
        targets = {x.tensor: x for x in loaded.targets()}
        assert [*targets] == ["raw", "x", "label", "scores"]
        assert targets["label"].dtype == np.int64
        assert targets["scores"].shape == ("N", 2)
    assert proto.SerializeToString(deterministic=True) == untouched


def test_faults_in_front_of_an_ensemble() -> None:
    proto = ensemble()
    feeds = {"raw": np.random.default_rng(1).standard_normal((1, 4)).astype(np.float32)}
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    with onnxfi.Injector(onnxfi.load(proto), "x", provider="cpu") as injector:
        golden = injector.golden(feeds)
        for name, expected in zip(("label", "scores"), session.run(None, feeds), strict=True):
            np.testing.assert_array_equal(golden.outputs[name], expected)
        corrupted = np.full((1, 4), 9, np.float32)
        (label, scores) = session.run(None, {"raw": corrupted})
        outputs = injector.resume(golden, corrupted)
        np.testing.assert_array_equal(outputs["label"], label)
        np.testing.assert_array_equal(outputs["scores"], scores)
