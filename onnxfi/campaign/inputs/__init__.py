"""Reads the inputs of campaigns and commands."""

from onnxfi.campaign.inputs.source import InputSource, read_inputs

__all__ = ["InputSource", "read_inputs"]
