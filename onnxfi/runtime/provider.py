"""Chooses the execution provider, which computes the tensors."""

import ctypes
import logging
import sys
from functools import cache
from typing import Literal

import onnxruntime

from onnxfi.errors import ProviderError

Provider = Literal["auto", "cpu", "cuda"]
_logger = logging.getLogger("onnxfi")


def choose_provider(provider: Provider) -> Literal["cpu", "cuda"]:
    """Return the provider to run on.

    Args:
        provider: ``cpu``, ``cuda``, or ``auto``: CUDA if it can run, otherwise the CPU, which is
            logged once.

    Raises:
        ProviderError: the provider is ``cuda`` and cannot run here, or is unknown.
    """
    if provider == "cpu":
        return "cpu"
    if provider not in ("auto", "cuda"):
        raise ProviderError(f"The provider must be auto, cpu or cuda, got {provider!r}.")
    obstacle = cuda_obstacle()
    if obstacle is None:
        return "cuda"
    if provider == "cuda":
        raise ProviderError(
            f"The provider cuda cannot run on this machine: {obstacle}. "
            "Use the provider cpu, or auto, which uses CUDA only if it can run."
        )
    _log_fallback(obstacle)
    return "cpu"


@cache
def _log_fallback(obstacle: str) -> None:
    _logger.info("Running on the CPU: %s.", obstacle)


@cache
def cuda_obstacle() -> str | None:
    """Return the reason why CUDA cannot run here; None if it can."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "the installed onnxruntime has no CUDA provider (install onnxruntime-gpu)"
    if _device_count() == 0:
        return "no NVIDIA driver with a CUDA device was found"
    return _loading_obstacle()


def _device_count() -> int:
    """Return the number of devices that the CUDA driver reports; 0 if there is no driver."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def _loading_obstacle() -> str | None:
    """Return the reason why CUDA does not load, by opening a tiny session; None if it loads.

    ONNX Runtime silently falls back to the CPU.
    """
    import onnx
    from onnx import helper

    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # finds the CUDA libraries of pip packages
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "probe", [value], [result])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(),
        options,
        providers=["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    if "CUDAExecutionProvider" in session.get_providers():
        return None
    return (
        f"the CUDA provider of onnxruntime {onnxruntime.__version__} did not load "
        "(it needs the CUDA and cuDNN versions it was built for)"
    )
