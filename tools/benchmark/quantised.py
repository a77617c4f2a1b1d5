"""Quantises models to 8 bits for the benchmarks, with ONNX Runtime's tools."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

Way = Literal["dynamic", "qdq"]
#: The networks and the way that they are quantised: ``dynamic`` makes ConvInteger and
#: MatMulInteger; ``qdq`` puts QuantizeLinear and DequantizeLinear around floating-point operators.
QUANTISED: Mapping[str, Way] = {"lenet_integer": "dynamic", "lenet_qdq": "qdq"}


def quantise(path: Path, way: Way, inputs: Iterable[dict[str, np.ndarray]]) -> Path:
    """Quantise a model, and return the file that is written beside its file.

    Args:
        path: the model.
        way: how.
        inputs: the inputs that ranges are taken from.
    """
    # The tools are imported on demand: they need sympy.
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._inputs = iter(inputs)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self._inputs, None)

    out = path.with_name(f"{path.stem}_{way}.onnx")
    if way == "dynamic":
        quantize_dynamic(path, out, weight_type=QuantType.QUInt8)
    else:
        quantize_static(path, out, Reader(), quant_format=QuantFormat.QDQ)
    return out
