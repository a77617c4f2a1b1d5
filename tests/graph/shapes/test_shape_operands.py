"""Operands that determine shapes, for each kind of operator."""

import onnx_ir as ir
import pytest

from onnxfi.graph.shapes.shape_inputs import is_shape_input
from onnxfi.graph.shapes.shape_operands import shape_operands


def made(op: str, inputs: int, domain: str = "", *, known: bool = False) -> ir.Node:
    node = ir.node(op, [ir.Value(name=f"i{x}") for x in range(inputs)], domain=domain)
    if known:
        node.outputs[0].shape = ir.Shape([2, 3])
    return node


@pytest.mark.parametrize(
    ("op", "inputs", "domain", "expected"),
    [
        ("Reshape", 2, "", ["i1"]),
        ("Slice", 5, "", ["i1", "i2", "i3", "i4"]),
        ("Range", 3, "", ["i0", "i1", "i2"]),
        ("ReduceSum", 2, "", ["i1"]),
        ("Add", 2, "", []),
        ("Pad", 2, "com.microsoft", ["i0", "i1"]),
        ("Anything", 2, "example.org", ["i0", "i1"]),
    ],
)
def test_operands(op: str, inputs: int, domain: str, expected: list[str]) -> None:
    assert [x.name for x in shape_operands(made(op, inputs, domain))] == expected


def test_an_unknown_operator_of_fixed_shape() -> None:
    assert not list(shape_operands(made("Anything", 2, "example.org", known=True)))


@pytest.mark.parametrize(
    ("op", "place", "expected"),
    [
        ("Reshape", 0, False),
        ("Reshape", 1, True),
        ("ReduceMean", 1, True),
        ("CumSum", 1, True),  # an axis that changes no shape
        ("Shape", 0, True),  # its elements are not read
        ("Compress", 1, False),  # data that determines a shape
    ],
)
def test_inputs_that_are_only_shapes(op: str, place: int, expected: bool) -> None:
    assert is_shape_input(made(op, 2), place) is expected
    assert not is_shape_input(made(op, 2, "example.org"), place)
