"""Prepares the model and the data of ``onnxfi demo``."""

from onnxfi.demo.digits import DigitsSplit, held_out_digits, split_digits
from onnxfi.demo.pipeline import Prepared, prepare

__all__ = ["DigitsSplit", "Prepared", "held_out_digits", "prepare", "split_digits"]
