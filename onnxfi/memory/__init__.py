"""Describes how values lie in memory: number formats, and codes that detect or correct errors."""

from onnxfi.memory.codes import CODES, Code, Decoded, Plain, code
from onnxfi.memory.formats import FORMATS, Format, number_format

__all__ = ["CODES", "FORMATS", "Code", "Decoded", "Format", "Plain", "code", "number_format"]
