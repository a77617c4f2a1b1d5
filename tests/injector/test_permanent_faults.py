"""Checks a stuck PE that all layers of a network run on, against each layer run on its own."""

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from onnxfi.error_models import Operation, load
from onnxfi.error_models.hardware import convolution, product
from onnxfi.graph import Model
from onnxfi.injector import Injector, injection_rng
from onnxfi.onnx_ir import ir
from tests.error_models.hardware.loops import convolution as looped_convolution

RNG = np.random.default_rng(6)
W1 = RNG.integers(-4, 5, (3, 2, 3, 3)).astype(np.float32)
W2 = RNG.integers(-4, 5, (4, 3, 2, 2)).astype(np.float32)
W3 = RNG.integers(-4, 5, (4 * 3 * 3, 5)).astype(np.float32)


def network() -> Model:
    """Return two convolutions and a product, one after the other."""
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2"], ["c2"]),
        helper.make_node("Flatten", ["c2"], ["f"]),
        helper.make_node("MatMul", ["f", "w3"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2, 4, 4])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 5])],
        [numpy_helper.from_array(w, n) for w, n in ((W1, "w1"), (W2, "w2"), (W3, "w3"))],
    )
    opsets = [helper.make_opsetid("", 17)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return Model(ir.serde.deserialize_model(onnx.shape_inference.infer_shapes(proto)))


def convolved(x: np.ndarray, w: np.ndarray, pad: int) -> np.ndarray:
    """Return a convolution by loops."""
    looped = looped_convolution(x.shape, w.shape, 1, (1, 1), (1, 1), (pad,) * 4)
    sums = [
        sum(float(x.flat[i]) * float(w.flat[j]) for i, j in terms if i is not None)
        for terms in looped.terms
    ]
    return np.array(sums, np.float32).reshape(looped.y_shape)


def faulty(
    text: str, golden: np.ndarray, operation: Operation, seed: np.random.Generator
) -> np.ndarray:
    """Return the output of one layer with the fault, whose draw is always the same."""
    model = load(text).with_operation(operation)  # type: ignore[attr-defined]
    made: np.ndarray = model.sample(golden, channel_axis=1, rng=seed).apply(golden)
    return made


def test_a_stuck_bit_hits_all_layers_alike() -> None:
    """Each layer computes on what the faulty layers before it gave, with the same fault."""
    x = RNG.integers(-3, 4, (1, 2, 4, 4)).astype(np.float32)
    text = "array:size=4x4,dataflow=ws,register=weight,bit=mantissa,stuck=any"
    ones: dict[str, Any] = {"strides": [1, 1], "dilations": [1, 1]}
    changed = 0
    with Injector(network(), ["c1", "c2", "y"], operands=True) as injector:
        golden = injector.golden({"x": x})
        for injection in injector.inject(golden, text, count=20, seed=3):

            def rng(fault: int = injection.id) -> np.random.Generator:
                return injection_rng(3, fault)

            pads = [1, 1, 1, 1]
            first = Operation(convolution(x.shape, W1.shape, pads=pads, **ones), x, W1)
            c1 = faulty(text, convolved(x, W1, 1), first, rng())
            r1 = np.maximum(c1, 0)
            pads = [0, 0, 0, 0]
            second = Operation(convolution(r1.shape, W2.shape, pads=pads, **ones), r1, W2)
            c2 = faulty(text, convolved(r1, W2, 0), second, rng())
            flat = c2.reshape(1, -1)
            third = Operation(product(flat.shape, W3.shape), flat, W3)
            y = faulty(text, flat @ W3, third, rng())
            assert {x.pattern for x in injection.corruptions} == {injection.corruptions[0].pattern}
            got = injection.outputs["y"]
            assert got.shape == y.shape
            np.testing.assert_allclose(got, y, rtol=1e-4, atol=1e-3)
            changed += injection.outcome != "masked"
    assert changed > 5
