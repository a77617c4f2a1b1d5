"""Runs several faulty executions as one batch, where no bit of a result depends on that."""

from onnxfi.suffix.lanes.decision import LaneDecision
from onnxfi.suffix.lanes.lane_session import LaneSession, Workspace
from onnxfi.suffix.lanes.lanes import Lanes

__all__ = ["LaneDecision", "LaneSession", "Lanes", "Workspace"]
