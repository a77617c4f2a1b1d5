"""Tests which faults are complete."""

import pyarrow as pa

from onnxfi.statistics.open_faults import OpenFaults


def test_a_fault_is_complete_with_its_last_injection() -> None:
    faults = OpenFaults(2)
    first = faults.add(pa.table({"fault_id": [7, 7, 8]}))
    assert first is not None
    assert first.to_pylist() == [7]
    second = faults.add(pa.table({"fault_id": [9, 8]}))
    assert second is not None
    assert second.to_pylist() == [8]


def test_without_a_known_number_no_fault_is_complete() -> None:
    assert OpenFaults(None).add(pa.table({"fault_id": [7, 7]})) is None
