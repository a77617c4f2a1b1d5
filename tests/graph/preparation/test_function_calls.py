"""Tests models whose functions call each other."""

import onnx
import pytest
from onnx import TensorProto, helper

from onnxfi.errors import ModelFormatError
from onnxfi.graph import load
from onnxfi.graph.preparation.function_calls import check_function_calls

_OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]


def function(name: str, *callees: str) -> onnx.FunctionProto:
    """Make a function that calls others one after another; Relu where it calls none."""
    nodes = [
        helper.make_node(
            callee, [f"t{i}"], [f"t{i + 1}"], domain="local" if callee != "Relu" else ""
        )
        for i, callee in enumerate(callees or ("Relu",))
    ]
    return helper.make_function("local", name, ["t0"], [nodes[-1].output[0]], nodes, _OPSETS)


def model(*functions: onnx.FunctionProto) -> onnx.ModelProto:
    """Make a model that calls the last of some functions."""
    call = helper.make_node(functions[-1].name, ["x"], ["y"], domain="local")
    infos = [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 4]) for x in ("x", "y")]
    graph = helper.make_graph([call], "g", infos[:1], infos[1:])
    return helper.make_model(graph, opset_imports=_OPSETS, functions=functions, ir_version=8)


def doubling(levels: int) -> list[onnx.FunctionProto]:
    return [
        function("F0"),
        *(function(f"F{k}", f"F{k - 1}", f"F{k - 1}") for k in range(1, levels + 1)),
    ]


def test_functions_that_double_are_counted_before_they_are_inlined() -> None:
    with pytest.raises(ModelFormatError, match=r"and this one has 1.07e\+09"):
        load(model(*doubling(30)))


def test_nested_functions_are_inlined() -> None:
    assert len(load(model(*doubling(5))).graph) == 2**5


def test_functions_may_stand_in_any_order() -> None:
    functions = doubling(3)
    assert len(load(model(*functions[2::-1], functions[3])).graph) == 2**3


def test_a_function_that_calls_itself_is_refused() -> None:
    with pytest.raises(ModelFormatError, match="itself, and 'F0' of the domain 'local'"):
        load(model(function("F0", "F1"), function("F1", "F2"), function("F2", "F0")))
    with pytest.raises(ModelFormatError, match="must not call itself"):
        load(model(function("F0", "F0")))


def test_a_long_chain_of_functions_is_no_recursion_of_ours() -> None:
    chain = [function("F0"), *(function(f"F{k}", f"F{k - 1}") for k in range(1, 3000))]
    functions = model(*chain)

    check_function_calls(functions)
