"""Faults in every tensor of a transformer encoder, whichever operators it is written in.

The oracle is onnx.reference with the tensor overwritten, on the encoder in plain operators: for the
attention operators as well, since they must compute the same.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import onnxfi
from onnxfi.error_models import BitFlip, RandomValue, SpatialModel
from tests.support.small_graphs import FLOAT, INT64, node, run_overwriting, value, weights

EVERY_PATTERN = Path(__file__).parents[2] / "error_models" / "data" / "every_pattern.json"
SAMPLES, POSITIONS, FEATURES, HEADS, WORDS = 2, 5, 8, 2, 12
FEEDS: dict[str, np.ndarray] = {
    "tokens": np.random.default_rng(5).integers(0, WORDS, (SAMPLES, POSITIONS)),
    "mask": np.where(np.tri(POSITIONS), 0, -1e4).astype(np.float32)[None, None],
}
SPLIT = np.array([0, 0, HEADS, FEATURES // HEADS])
CONSTANTS = {
    "embedding": weights(WORDS, FEATURES),
    "position": weights(POSITIONS, FEATURES, seed=1),
    **{f"w{x}": weights(FEATURES, FEATURES, seed=i) / 2 for i, x in enumerate("qkvo", 2)},
    **{f"b{x}": weights(FEATURES, seed=i) / 4 for i, x in enumerate("qkvo", 6)},
    "gain1": 1 + weights(FEATURES, seed=10) / 4,
    "shift1": weights(FEATURES, seed=11) / 4,
    "w_up": weights(FEATURES, 12, seed=12) / 2,
    "b_up": weights(12, seed=13) / 4,
    "w_down": weights(12, FEATURES, seed=14) / 2,
    "gain2": 1 + weights(FEATURES, seed=15) / 4,
    "shift2": weights(FEATURES, seed=16) / 4,
    "w_class": weights(FEATURES, 3, seed=17),
    "b_class": weights(3, seed=18),
}
BEFORE = [
    node("Gather", "embedding tokens", "words"),
    node("Add", "words position", "x"),
    node("MatMul", "x wq", "q0"),
    node("Add", "q0 bq", "q"),
    node("MatMul", "x wk", "k0"),
    node("Add", "k0 bk", "k"),
    node("MatMul", "x wv", "v0"),
    node("Add", "v0 bv", "v"),
]
PLAIN = [
    node("Reshape", "q split", "q_split"),
    node("Reshape", "k split", "k_split"),
    node("Reshape", "v split", "v_split"),
    node("Transpose", "q_split", "q_heads", perm=[0, 2, 1, 3]),
    node("Transpose", "k_split", "k_heads", perm=[0, 2, 3, 1]),
    node("Transpose", "v_split", "v_heads", perm=[0, 2, 1, 3]),
    node("MatMul", "q_heads k_heads", "products"),
    node("Mul", "products scale", "scores"),
    node("Add", "scores mask", "masked"),
    node("Softmax", "masked", "attention", axis=-1),
    node("MatMul", "attention v_heads", "context_heads"),
    node("Transpose", "context_heads", "context_split", perm=[0, 2, 1, 3]),
    node("Reshape", "context_split together", "context"),
]
PLAIN_CONSTANTS = {
    "split": SPLIT,
    "together": np.array([0, 0, FEATURES]),
    "scale": np.array((FEATURES / HEADS) ** -0.5, np.float32),
}
ATTENTIONS = {
    "plain": (PLAIN, PLAIN_CONSTANTS),
    "Attention": (
        [node("Attention", "q k v mask", "context", q_num_heads=HEADS, kv_num_heads=HEADS)],
        {},
    ),
    "MultiHeadAttention": (
        [
            node(
                "MultiHeadAttention",
                "q k v - - mask",
                "context",
                domain="com.microsoft",
                num_heads=HEADS,
            )
        ],
        {},
    ),
}
AFTER = [
    node("MatMul", "context wo", "o0"),
    node("Add", "o0 bo", "o"),
    node("Add", "o x", "sum1"),
    node("LayerNormalization", "sum1 gain1 shift1", "norm1"),
    node("MatMul", "norm1 w_up", "up0"),
    node("Add", "up0 b_up", "up"),
    node("Gelu", "up", "gelu"),
    node("MatMul", "gelu w_down", "down"),
    node("Add", "down norm1", "sum2"),
    node("LayerNormalization", "sum2 gain2 shift2", "norm2"),
    node("ReduceMean", "norm2 middle", "pooled", keepdims=0),
    node("Gemm", "pooled w_class b_class", "y"),
]


def encoder(attention: str) -> onnx.ModelProto:
    nodes, constants = ATTENTIONS[attention]
    every_constant: dict[str, Any] = {**CONSTANTS, **constants, "middle": np.array([1])}
    graph = helper.make_graph(
        [*BEFORE, *nodes, *AFTER],
        "encoder",
        [
            value("tokens", ["N", POSITIONS], INT64),
            value("mask", [1, 1, POSITIONS, POSITIONS], FLOAT),
        ],
        [value("y", ["N", 3])],
        [numpy_helper.from_array(x, name) for name, x in every_constant.items()],
    )
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=11)


@pytest.mark.thorough
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_faults_equal_the_reference_with_the_tensor_overwritten(attention: str) -> None:
    plain = encoder("plain")
    loaded = onnxfi.load(encoder(attention))
    expected_golden, _ = run_overwriting(plain, FEEDS)
    changed = set()
    for target in loaded.targets():
        if target.dtype != np.float32:
            continue
        with onnxfi.Injector(loaded, target, provider="cpu", threads=1) as injector:
            golden = injector.golden(FEEDS)
            np.testing.assert_allclose(golden.outputs["y"], expected_golden["y"], atol=1e-5)
            for injection in injector.inject(golden, RandomValue(-3.0, 3.0), count=2, seed=4):
                corrupt = injection.corruption.apply
                faulty, before = run_overwriting(plain, FEEDS, target.tensor, corrupt)
                np.testing.assert_allclose(
                    injection.outputs["y"], faulty["y"], atol=2e-5, err_msg=target.tensor
                )
                if np.abs(faulty["y"] - expected_golden["y"]).max() > 1e-3:
                    changed.add(target.op_type)
            np.testing.assert_allclose(golden.target, np.asarray(before), atol=1e-5)
    assert changed >= {"MatMul", "LayerNormalization", "Gelu", "Add", "Gemm", "Gather"}
    if attention != "plain":
        assert attention in changed


def test_faults_in_the_tokens() -> None:
    proto = encoder("plain")
    loaded = onnxfi.load(proto)
    with onnxfi.Injector(loaded, "tokens", provider="cpu") as injector:
        golden = injector.golden(FEEDS)
        for injection in injector.inject(golden, BitFlip(bit=0), count=4):
            faulty, _ = run_overwriting(proto, FEEDS, "tokens", injection.corruption.apply)
            np.testing.assert_allclose(injection.outputs["y"], faulty["y"], atol=2e-5)
        # No word has such a number.
        for injection in injector.inject(golden, BitFlip(bit=40), count=4):
            assert (injection.outcome, dict(injection.outputs)) == ("due", {})


def test_what_channels_rows_and_columns_are() -> None:
    """As docs/targets.md has it: a head is a channel of the scores; features are channels."""
    loaded = onnxfi.load(encoder("plain"))
    same_row = SpatialModel(EVERY_PATTERN, pattern="same_row")
    with onnxfi.Injector(loaded, "attention", provider="cpu") as injector:
        golden = injector.golden(FEEDS)
        for injection in injector.inject(golden, same_row, count=20):
            sites = np.unravel_index(injection.corruption.indices, golden.target.shape)
            assert [len(set(axis)) for axis in sites[:3]] == [1, 1, 1]  # sample, head, query
            assert len(set(sites[3])) > 1  # keys
    with onnxfi.Injector(loaded, "norm1", provider="cpu") as injector:
        golden = injector.golden(FEEDS)
        for injection in injector.inject(golden, same_row, count=20):
            sample, position, feature = np.unravel_index(
                injection.corruption.indices, golden.target.shape
            )
            assert len(set(sample)) == len(set(feature)) == 1
            assert len(set(position)) > 1
