"""Inject faults into neural networks given as ONNX graphs, and measure what the faults do."""

from importlib.metadata import PackageNotFoundError, version

from onnxfi.campaign import Campaign, profile
from onnxfi.graph import Model, Target, load
from onnxfi.injector import Golden, Injection, Injector
from onnxfi.surgery import Split, embed, expose, split

__all__ = [
    "Campaign",
    "Golden",
    "Injection",
    "Injector",
    "Model",
    "Split",
    "Target",
    "embed",
    "expose",
    "load",
    "profile",
    "split",
]

try:
    __version__ = version("onnxfi")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0+unknown"
