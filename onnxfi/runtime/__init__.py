"""Running models with ONNX Runtime."""

from onnxfi.runtime.heap import give_back_memory
from onnxfi.runtime.patched_session import PatchedSession
from onnxfi.runtime.provider import Provider, choose_provider
from onnxfi.runtime.session import Session

__all__ = ["PatchedSession", "Provider", "Session", "choose_provider", "give_back_memory"]
