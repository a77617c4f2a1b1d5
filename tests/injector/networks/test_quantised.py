"""Faults in quantised models: in the int8, uint8 and int32 tensors themselves, and around them.

The models are made here by ONNX Runtime's own quantisation tools from a small float network.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from onnx.reference.op_run import OpRun
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

import onnxfi
from onnxfi.error_models import BitFlip, ErrorModel, RandomValue
from tests.support.small_graphs import (
    model,
    node,
    recent_reference,
    run_overwriting,
    value,
    weights,
)

FEEDS = {"x": weights(1, 2, 6, 6, seed=99)}
INTEGERS = {"int8", "uint8", "int16", "uint16", "int32"}


def network() -> onnx.ModelProto:
    proto = model(
        [
            node("Conv", "x k1 b1", "c1", pads=[1, 1, 1, 1]),
            node("Relu", "c1", "r1"),
            node("Conv", "r1 k2 b2", "c2", pads=[1, 1, 1, 1]),
            node("Add", "c2 r1", "a"),
            node("MaxPool", "a", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("GlobalAveragePool", "p", "g"),
            node("Flatten", "g", "f"),
            node("Gemm", "f w3 b3", "d"),
            node("Relu", "d", "r2"),
            node("MatMul", "r2 w4", "l"),
            node("Softmax", "l", "y"),
        ],
        [value("x", ["N", 2, 6, 6])],
        [value("y", ["N", 5])],
        {
            "k1": weights(4, 2, 3, 3),
            "b1": weights(4, seed=1),
            "k2": weights(4, 4, 3, 3, seed=2) / 3,
            "b2": weights(4, seed=3),
            "w3": weights(4, 8, seed=4),
            "b3": weights(8, seed=5),
            "w4": weights(8, 5, seed=6) / 8,  # probabilities that are neither 0 nor 1
        },
    )
    # The oldest operator set that onnx.reference dequantises in.
    proto.opset_import[0].version = 21
    proto.ir_version = 10
    return proto


class Calibration(CalibrationDataReader):  # type: ignore[misc]  # untyped
    """Eight batches of random images."""

    def __init__(self) -> None:
        """Start with the first."""
        self._batches: Iterator[np.ndarray] = (weights(2, 2, 6, 6, seed=i) for i in range(8))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next batch, None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"x": batch}


# Between these, everything stays in standard operators.
STANDARD = {"op_types_to_quantize": ["Conv", "MatMul", "MaxPool"]}
QDQ = {"quant_format": QuantFormat.QDQ}
QOPERATOR = {"quant_format": QuantFormat.QOperator}
UNSIGNED = {"activation_type": QuantType.QUInt8, "per_channel": True}
VARIANTS: dict[str, dict[str, Any]] = {
    "qdq_int8": QDQ,
    "qdq_uint8_per_channel": {**QDQ, **UNSIGNED},
    "qoperator_int8": {**QOPERATOR, **STANDARD},
    "qoperator_uint8_per_channel": {**QOPERATOR, **STANDARD, **UNSIGNED},
    "qoperator_all": {**QOPERATOR, **UNSIGNED},
    "dynamic_uint8": {"weight_type": QuantType.QUInt8},
    "qdq_int4_weights": {**QDQ, "weight_type": QuantType.QInt4},
}
# In operators that onnx.reference has.
REFERENCED = ["qdq_int8", "qdq_uint8_per_channel", "qoperator_uint8_per_channel", "dynamic_uint8"]


@cache
def quantised_network(variant: str) -> onnx.ModelProto:
    options = VARIANTS[variant]
    with TemporaryDirectory() as folder:
        source, result = Path(folder, "float.onnx"), Path(folder, "quantised.onnx")
        onnx.save(network(), source)
        if variant.startswith("dynamic"):
            quantize_dynamic(source, result, **options)
        else:
            quantize_static(source, result, Calibration(), **options)
        return onnx.load(result)


def error_model(target: onnxfi.Target) -> ErrorModel:
    """Flips; for floats only numbers that quantise to something: no NaN, no negative scale."""
    return RandomValue(0.1, 2.0) if target.dtype == np.float32 else BitFlip()


class QuantizeLinear(OpRun):
    """The reference's own casts to int32 before it saturates, and faults make larger numbers."""

    op_domain = ""

    def _run(
        self, x: np.ndarray, scale: np.ndarray, zero_point: np.ndarray, **_: object
    ) -> tuple[np.ndarray]:
        limits = np.iinfo(zero_point.dtype)
        wide = np.rint(x / scale).astype(np.float64) + zero_point
        return (np.clip(wide, limits.min, limits.max).astype(zero_point.dtype),)


@pytest.mark.thorough
@recent_reference
@pytest.mark.parametrize("variant", REFERENCED)
def test_faults_equal_the_reference_with_the_tensor_overwritten(variant: str) -> None:
    proto = quantised_network(variant)
    loaded = onnxfi.load(proto)
    # Where ONNX Runtime merges operators between quantisations, it rounds once where the reference
    # rounds several times: the output may lie one step away.
    steps = {x.name: numpy_helper.to_array(x) for x in proto.graph.initializer}
    tolerance = steps["y_scale"] * 1.01 if "y_scale" in steps else 1e-6
    hit = set()
    for target in loaded.targets():
        with onnxfi.Injector(loaded, target, provider="cpu", threads=1) as injector:
            golden = injector.golden(FEEDS)
            for injection in injector.inject(golden, error_model(target), count=2, seed=5):
                corruption = injection.corruption
                faulty, before = run_overwriting(
                    proto, FEEDS, target.tensor, corruption.apply, [QuantizeLinear]
                )
                np.testing.assert_allclose(
                    injection.outputs["y"],
                    faulty["y"],
                    atol=tolerance,  # type: ignore[arg-type]
                    err_msg=target.tensor,
                )
                if injection.outcome != "masked":
                    hit.add(target.dtype.name)
            assert before is not None
            assert golden.target.dtype == before.dtype
            if target.dtype.name in INTEGERS:
                # At most one step away, and hardly ever.
                wide = golden.target.astype(np.int64) - before
                assert np.abs(wide).max() <= (variant.startswith("qdq"))
    assert hit == {x.dtype.name for x in loaded.targets()}


def run_whole(proto: onnx.ModelProto, replaced: dict[str, np.ndarray]) -> np.ndarray:
    """Run the unsplit model in ONNX Runtime, with other initializers."""
    faulty = onnx.ModelProto()
    faulty.CopyFrom(proto)
    for initializer in faulty.graph.initializer:
        if initializer.name in replaced:
            initializer.CopyFrom(
                numpy_helper.from_array(replaced[initializer.name], initializer.name)
            )
    options = onnxruntime.SessionOptions()
    if any(x.data_type == onnx.TensorProto.UINT8 for x in proto.graph.initializer):
        # Sums of products of uint8 and int8 saturate otherwise on processors without VNNI. With
        # int8 alone they do not, and ONNX Runtime 1.31 cannot open the model with this option.
        options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(
        faulty.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    y: np.ndarray = session.run(None, FEEDS)[0]
    return y


@pytest.mark.thorough
@pytest.mark.parametrize("variant", ["qoperator_int8", "qoperator_all", "dynamic_uint8"])
def test_faults_in_weights_equal_the_model_with_other_weights(variant: str) -> None:
    """Bit for bit, contrib operators too: nothing is merged that was separate."""
    proto = quantised_network(variant)
    loaded = onnxfi.load(proto)
    initializers = {x.name for x in proto.graph.initializer}
    targets = [x for x in loaded.targets(kind="weight") if x.tensor in initializers]
    dtypes = {x.dtype.name for x in targets}
    assert dtypes >= ({"uint8"} if variant == "dynamic_uint8" else {"int8", "int32"})
    for target in targets:
        with onnxfi.Injector(loaded, target, provider="cpu", threads=1) as injector:
            golden = injector.golden(FEEDS)
            assert golden.outputs["y"].tobytes() == run_whole(proto, {}).tobytes()
            for injection in injector.inject(golden, error_model(target), count=2, seed=3):
                faulty = {target.tensor: injection.corruption.apply(golden.target)}
                if not injection.outputs:  # kernels refuse some scales and zero points
                    with pytest.raises(RuntimeException):
                        run_whole(proto, faulty)
                    continue
                expected = run_whole(proto, faulty)
                np.testing.assert_array_equal(injection.outputs["y"], expected, target.tensor)


def test_flips_in_an_int32_bias() -> None:
    """By hand: a bit of the bias moves its channel by that many steps, up to saturation."""
    proto = quantised_network("qoperator_int8")
    constants = {x.name: numpy_helper.to_array(x) for x in proto.graph.initializer}
    loaded = onnxfi.load(proto)
    with onnxfi.Injector(loaded, "b2_quantized", provider="cpu") as injector:
        golden = injector.golden(FEEDS)
        assert golden.target.dtype == np.int32
        (injection,) = injector.inject(golden, BitFlip(bit=12), seed=1)
    (channel,) = injection.corruption.indices
    assert abs(int(injection.corruption.values[0]) - int(golden.target[channel])) == 2**12
    exposed = onnxfi.expose(loaded, ["c2_quantized"])
    with onnxfi.Injector(exposed, "b2_quantized", provider="cpu") as injector:
        golden = injector.golden(FEEDS)
        corrupted = injection.corruption.apply(golden.target)
        after = injector.resume(golden, corrupted)["c2_quantized"].astype(np.int64)
    before = golden.outputs["c2_quantized"].astype(np.int64)
    scale = constants["r1_scale"] * constants["k2_scale"] / constants["c2_scale"]
    steps = float(scale) * (int(corrupted[channel]) - int(golden.target[channel]))
    expected = np.clip(before[:, channel] + steps, -128, 127)
    np.testing.assert_allclose(after[:, channel], expected, atol=1)
    untouched = np.delete(np.arange(before.shape[1]), channel)
    np.testing.assert_array_equal(after[:, untouched], before[:, untouched])


@pytest.mark.parametrize("variant", ["qdq_int8", "qdq_uint8_per_channel", "qoperator_all"])
def test_channel_axes_of_quantised_tensors(variant: str) -> None:
    loaded = onnxfi.load(quantised_network(variant))
    for target in loaded.targets():
        if target.dtype.name not in INTEGERS or not target.shape or target.shape == (1,):
            continue
        is_matrix = target.kind == "weight" and len(target.shape) == 2
        expected = 0 if target.kind == "weight" and not is_matrix else 1
        assert target.channel_axis == expected, target


@recent_reference
def test_int4_weights() -> None:
    proto = quantised_network("qdq_int4_weights")
    loaded = onnxfi.load(proto)
    targets = [x for x in loaded.targets() if x.dtype.name == "int4"]
    assert {"k1_quantized", "k2_quantized", "w4_quantized"} <= {x.tensor for x in targets}
    changed = 0
    for target in targets:
        with onnxfi.Injector(loaded, target, provider="cpu", threads=1) as injector:
            golden = injector.golden(FEEDS)
            for injection in injector.inject(golden, BitFlip(), count=2, seed=2):
                corrupt = injection.corruption.apply
                faulty, before = run_overwriting(
                    proto, FEEDS, target.tensor, corrupt, [QuantizeLinear]
                )
                np.testing.assert_allclose(
                    injection.outputs["y"], faulty["y"], atol=0.004, err_msg=target.tensor
                )
                changed += injection.outcome != "masked"
            assert before is not None
            assert golden.target.astype(int).tolist() == before.astype(int).tolist()
    assert changed > 4
