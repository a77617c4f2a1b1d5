"""Computes the outputs of an operator that a fault in a PE of a systolic array changes."""

import numpy as np

from onnxfi.error_models.corruption import Corruption
from onnxfi.error_models.hardware.array import held_stationary, output_stationary
from onnxfi.error_models.hardware.array.gemm import Gemm
from onnxfi.error_models.hardware.array.systolic_array import ArrayFault, SystolicArray
from onnxfi.error_models.hardware.geometry import Places
from onnxfi.error_models.hardware.operation import Operation


def corruption_of(
    fault: ArrayFault,
    array: SystolicArray,
    operation: Operation,
    golden: np.ndarray,
    *,
    pattern: str | None = None,
) -> Corruption:
    """Return the corruption of an operator's output that a fault causes.

    Args:
        fault: the fault.
        array: the array.
        operation: the operator and its operands.
        golden: its golden output.
        pattern: name of the corruption's pattern.
    """
    tile = None if fault.stuck is not None else array.tile(operation.geometry, fault.cycle)
    groups = range(operation.geometry.w_group.size) if tile is None else [tile.group]
    flow = output_stationary if array.dataflow == "os" else held_stationary
    places, values = [], []
    for group in groups:
        gemm = Gemm(operation, group, transposed=array.dataflow == "is")
        block = flow.changed_sums(gemm, array, fault, tile)
        at = gemm.places(block.rows, block.columns)
        moved = np.flatnonzero(block.shift.reshape(-1) != 0)  # NaN is moved
        at, shift = at.some(moved), block.shift.reshape(-1)[moved]
        places.append(at)
        values.append(operation.shifted(golden, at, shift))
    whole = Places(
        *(
            np.concatenate([getattr(x, name) for x in places])
            for name in ("group", "batch", "position", "channel")
        )
    )
    return operation.corruption(golden, whole, np.concatenate(values), pattern=pattern)
