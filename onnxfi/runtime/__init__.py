"""Running models with ONNX Runtime."""

from onnxfi.runtime.provider import Provider, choose_provider
from onnxfi.runtime.session import Session

__all__ = ["Provider", "Session", "choose_provider"]
