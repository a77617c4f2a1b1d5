"""Reduces a network to its targets and the joints between them, and lays them out in lanes."""

from onnxfi.report.wiring.lanes import lanes_of
from onnxfi.report.wiring.wiring import Vertex, Wiring, wire

__all__ = ["Vertex", "Wiring", "lanes_of", "wire"]
