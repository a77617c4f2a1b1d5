"""Choosing the provider, and sessions."""

import logging

import numpy as np
import onnxruntime
import pytest

import onnxfi
from onnxfi.errors import ModelFormatError, ProviderError
from onnxfi.runtime import Session, choose_provider, provider
from tests.support.small_graphs import chain, model, node, value, weights


@pytest.fixture
def _no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    obstacle = "no NVIDIA driver with a CUDA device was found"
    monkeypatch.setattr(provider, "cuda_obstacle", lambda: obstacle)
    provider._log_fallback.cache_clear()  # noqa: SLF001  # it says so once


@pytest.mark.usefixtures("_no_cuda")
def test_cuda_where_it_cannot_run_is_an_error() -> None:
    with pytest.raises(ProviderError, match="cuda cannot run on this machine: no NVIDIA driver"):
        choose_provider("cuda")
    with pytest.raises(ProviderError, match="cuda cannot run"):
        onnxfi.Injector(onnxfi.load(chain()), "a", provider="cuda")


@pytest.mark.usefixtures("_no_cuda")
def test_auto_falls_back_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="onnxfi"):
        assert choose_provider("auto") == "cpu"
        assert choose_provider("auto") == "cpu"
    assert [x.message for x in caplog.records] == [
        "Running on the CPU: no NVIDIA driver with a CUDA device was found."
    ]


def test_cuda_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "cuda_obstacle", lambda: None)
    assert choose_provider("auto") == "cuda"
    assert choose_provider("cuda") == "cuda"
    assert choose_provider("cpu") == "cpu"


def test_a_silent_fallback_of_onnx_runtime_is_an_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime lists CUDA as available and then runs on the CPU without a word."""
    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    monkeypatch.setattr(provider, "_device_count", lambda: 1)

    class CpuSession:
        def __init__(self, *args: object, **kwargs: object) -> None:
            pass

        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    monkeypatch.setattr(onnxruntime, "InferenceSession", CpuSession)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
    provider.cuda_obstacle.cache_clear()
    try:
        assert "did not load" in str(provider.cuda_obstacle())
    finally:
        provider.cuda_obstacle.cache_clear()


def test_an_unknown_provider() -> None:
    with pytest.raises(ProviderError, match="must be auto, cpu or cuda, got 'tpu'"):
        choose_provider("tpu")  # type: ignore[arg-type]


def test_weights_are_handed_over_beside_the_model() -> None:
    proto = model(
        [node("MatMul", "x w", "y")],
        [value("x", ["N", 32])],
        [value("y", ["N", 32])],
        {"w": weights(32, 32)},
    )
    x = weights(3, 32, seed=1)
    (expected,) = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"x": x})
    assert Session(onnxfi.load(proto)).run({"x": x})["y"].tobytes() == expected.tobytes()


def test_a_model_that_onnx_runtime_cannot_run() -> None:
    proto = chain()
    proto.graph.node[1].op_type = "Unknown"
    proto.graph.node[1].domain = "nowhere"
    proto.opset_import.add(domain="nowhere", version=1)
    loaded = onnxfi.load(proto)
    with pytest.raises(ModelFormatError, match="must be able to run the model"):
        Session(loaded)


def test_integer_weights_and_large_constants() -> None:
    table = np.arange(600, dtype=np.int64).reshape(300, 2)
    proto = model(
        [node("ArgMax", "x", "i", axis=1, keepdims=0), node("Gather", "table i", "y")],
        [value("x", ["N", 3])],
        [value("y", ["N", 2], 7)],
        {"table": table},
    )
    result = Session(onnxfi.load(proto)).run({"x": np.eye(3, dtype=np.float32)})
    np.testing.assert_array_equal(result["y"], table[:3])
