"""Small models with one odd feature of ONNX each."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.support.small_graphs import BOOL, FLOAT, OPSET, model, node, value, weights

STRING = TensorProto.STRING


def omitted_inputs_and_outputs() -> onnx.ModelProto:
    """An LSTM without bias and lengths, a Clip without a minimum, a Unique without indices."""
    lstm = helper.make_node("LSTM", ["x", "w", "r", "", "", "h"], ["all"], "lstm", hidden_size=3)
    unique = helper.make_node("Unique", ["all"], ["ordered", "", "places"], "unique")
    return model(
        [
            node("Neg", "start", "h"),
            lstm,
            node("Clip", "all - most", "clipped"),
            node("Dropout", "clipped", "kept"),
            unique,
            node("Cast", "places", "positions", to=FLOAT),
            node("Reshape", "positions shape", "ranks"),
            node("Concat", "kept ranks", "y", axis=0),
        ],
        [value("x", [4, 2, 5]), value("start", [1, 2, 3])],
        [value("y", [8, 1, 2, 3])],
        {
            "w": weights(1, 12, 5),
            "r": weights(1, 12, 3, seed=1),
            "most": np.array(0.1, np.float32),
            "shape": np.array([4, 1, 2, 3], np.int64),
        },
    )


def nested_bodies() -> onnx.ModelProto:
    """An If in an If: inner bodies read tensors and weights of both graphs outside."""
    inner_then = helper.make_graph([node("Add", "a w", "sum")], "it", [], [value("sum", [3])])
    inner_else = helper.make_graph([node("Mul", "b c", "low")], "ie", [], [value("low", [3])])
    then = helper.make_graph(
        [
            node("If", "second", "inner", then_branch=inner_then, else_branch=inner_else),
            node("Mul", "inner c", "product"),
        ],
        "then",
        [],
        [value("product", [3])],
        [numpy_helper.from_array(weights(3, seed=2), "c")],
    )
    otherwise = helper.make_graph([node("Neg", "w", "less")], "else", [], [value("less", [3])])
    return model(
        [
            node("Relu", "x", "a"),
            node("Neg", "x", "b"),
            node("ReduceMax", "x", "peak", keepdims=0),
            node("Greater", "peak bound", "first"),
            node("Less", "peak bound", "second"),
            node("If", "first", "outer", then_branch=then, else_branch=otherwise),
            node("Add", "outer a", "y"),
        ],
        [value("x", [3])],
        [value("y", [3])],
        {"w": weights(3), "bound": np.array(-9, np.float32)},
    )


def scan_with_captures() -> onnx.ModelProto:
    """A Scan whose body reads a tensor and a weight from outside."""
    body = helper.make_graph(
        [
            node("Mul", "state a", "scaled"),
            node("Add", "scaled row", "next"),
            node("Add", "next w", "shifted"),
        ],
        "body",
        [value("state", [2]), value("row", [2])],
        [value("next", [2]), value("shifted", [2])],
    )
    return model(
        [
            node("ReduceMean", "x", "a", axes=[0], keepdims=0),
            node("Sub", "a a", "zero"),
            node("Scan", "zero x", "last all", body=body, num_scan_inputs=1),
            node("Add", "all last", "y"),
        ],
        [value("x", [4, 2])],
        [value("y", [4, 2])],
        {"w": weights(2)},
    )


def inputs_with_defaults() -> onnx.ModelProto:
    """Initializers that are also graph inputs, in the new format of files."""
    return model(
        [node("MatMul", "x w", "a"), node("Add", "a c", "y")],
        [value("x", ["N", 4]), value("w", [4, 3]), value("c", [3])],
        [value("y", ["N", 3])],
        {"w": weights(4, 3), "c": weights(3, seed=1)},
    )


def unnamed() -> onnx.ModelProto:
    """Nodes without names."""
    proto = model(
        [node("MatMul", "x w", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")],
        [value("x", ["N", 4])],
        [value("y", ["N", 4])],
        {"w": weights(4, 4)},
    )
    for x in proto.graph.node:
        x.ClearField("name")
    return proto


ODD_NAMES = ["ein Ärger/π:0", "a[0] (b)", "日本語", "-", "../up\\down", "q\"uo'te\n", "l" * 5000]


def odd_names() -> onnx.ModelProto:
    """A chain with any characters in its names; nodes have the names of other tensors."""
    names = ["x", *ODD_NAMES, "y"]
    nodes = [
        helper.make_node("Neg", [before], [after], name=before) for before, after in pairwise(names)
    ]
    return model(nodes, [value("x", [3])], [value("y", [3])])


def outputs_in_every_way() -> onnx.ModelProto:
    """An input, a weight and a constant that are outputs; outputs that nothing or another uses."""
    return model(
        [
            node("Split", "x", "left unused", axis=1),
            node("Relu", "left", "r"),
            node("Neg", "w", "minus"),
            node("Add", "r minus", "y"),
            node("Exp", "y", "nowhere"),
        ],
        [value("x", ["N", 4])],
        [
            value("y", ["N", 2]),
            value("r", ["N", 2]),
            value("x", ["N", 4]),
            value("w", [2]),
            value("minus", [2]),
        ],
        {"w": weights(2)},
    )


def sequences() -> onnx.ModelProto:
    """Sequences cross each split."""
    return model(
        [
            node("Neg", "x", "a"),
            node("SequenceConstruct", "x a", "seq"),
            node("Exp", "a", "b"),
            node("SequenceInsert", "seq b", "longer"),
            node("ConcatFromSequence", "longer", "joined", axis=0),
            node("SequenceAt", "seq one", "second"),
            node("Add", "joined second", "y"),
        ],
        [value("x", [1, 3])],
        [value("y", [3, 3])],
        {"one": np.array(1, np.int64)},
    )


def strings() -> onnx.ModelProto:
    """Strings cross to a node that depends on the target."""
    return model(
        [
            node("Cast", "x", "s", to=STRING),
            node("Neg", "x", "a"),
            node("Greater", "a x", "condition"),
            node("Where", "condition s zero", "chosen"),
            node("Cast", "chosen", "b", to=FLOAT),
            node("Add", "a b", "y"),
        ],
        [value("x", [3])],
        [value("y", [3])],
        {"zero": np.array("0", object)},
    )


def optionals() -> onnx.ModelProto:
    """An optional tensor crosses to a node that depends on the target."""

    def branch(name: str, *nodes: onnx.NodeProto) -> onnx.GraphProto:
        return helper.make_graph(list(nodes), name, [], [value(f"{name}_out", [3])])

    return model(
        [
            node("Exp", "x", "inside"),
            node("Optional", "inside", "o"),
            node("Neg", "x", "a"),
            node("ReduceMax", "a", "peak", keepdims=0),
            node("Cast", "peak", "condition", to=BOOL),
            node(
                "If",
                "condition",
                "chosen",
                then_branch=branch("t", node("OptionalGetElement", "o", "t_out")),
                else_branch=branch("e", node("Identity", "a", "e_out")),
            ),
            node("Add", "chosen a", "y"),
        ],
        [value("x", [3])],
        [value("y", [3])],
    )


def functions() -> onnx.ModelProto:
    """Functions of the model that call each other; one has an attribute, one reads from a body."""
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("own", 1)]
    scale = helper.make_function(
        "own",
        "Scale",
        ["v"],
        ["out"],
        [
            helper.make_node("Constant", [], ["factor"]),
            helper.make_node("Mul", ["v", "factor"], ["out"]),
        ],
        opsets,
        ["by"],
    )
    scale.node[0].attribute.add(name="value_float", ref_attr_name="by", type=FLOAT)
    then = helper.make_graph([node("Neg", "scaled", "t_out")], "t", [], [value("t_out", None)])
    otherwise = helper.make_graph([node("Add", "v v", "e_out")], "e", [], [value("e_out", None)])
    choose = helper.make_function(
        "own",
        "Choose",
        ["v", "condition"],
        ["out"],
        [
            helper.make_node("Scale", ["v"], ["scaled"], domain="own", by=2.0),
            node("If", "condition", "out", then_branch=then, else_branch=otherwise),
        ],
        opsets,
    )
    proto = model(
        [
            node("Relu", "x", "a"),
            node("ReduceMax", "a", "peak", keepdims=0),
            node("Cast", "peak", "condition", to=BOOL),
            node("Choose", "a condition", "b", domain="own"),
            node("Scale", "b", "c", domain="own", by=3.0),
            node("Add", "c a", "y"),
        ],
        [value("x", [3])],
        [value("y", [3])],
        functions=[scale, choose],
    )
    proto.opset_import.append(opsets[1])
    return proto


def symbolic_shapes() -> onnx.ModelProto:
    """Free axes, one of them the product of two, and one that depends on the values."""
    return model(
        [
            node("Relu", "x", "a"),
            node("Shape", "x", "shape"),
            node("Flatten", "a", "flat", axis=2),
            node("NonZero", "flat", "where"),
            node("Cast", "where", "positions", to=FLOAT),
            node("ReduceSum", "positions", "total", keepdims=0),
            node("Reshape", "flat shape", "back"),
            node("Mul", "back total", "y"),
        ],
        [value("x", ["N", "T", 3])],
        [value("y", ["N", "T", 3])],
    )


def low_bits() -> onnx.ModelProto:
    """An int4 weight and a float8 activation."""
    proto = model(
        [
            node("Cast", "x", "f8", to=TensorProto.FLOAT8E4M3FN),
            node("Cast", "f8", "a", to=FLOAT),
            node("DequantizeLinear", "q scale", "w"),
            node("Mul", "a w", "b"),
            node("Relu", "b", "y"),
        ],
        [value("x", ["N", 4])],
        [value("y", ["N", 4])],
        {"scale": np.array(0.5, np.float32)},
    )
    proto.graph.initializer.append(helper.make_tensor("q", TensorProto.INT4, [4], [1, -2, 7, -8]))
    proto.opset_import[0].version = 21
    proto.ir_version = 10
    return proto


def sparse() -> onnx.ModelProto:
    """Sparse initializers by flat index and by coordinates, a sparse Constant, one in a body."""

    def sparse_tensor(name: str, indices: list[object], shape: list[int]) -> onnx.SparseTensorProto:
        values = numpy_helper.from_array(weights(len(indices)), name)
        return helper.make_sparse_tensor(
            values, numpy_helper.from_array(np.array(indices, np.int64), f"{name}_at"), shape
        )

    def branch(name: str, tensor: str) -> onnx.GraphProto:
        return helper.make_graph(
            [node("Add", f"sum {tensor}", f"{name}_out")],
            name,
            [],
            [value(f"{name}_out", [2, 3])],
            sparse_initializer=[sparse_tensor(tensor, [4], [2, 3])],
        )

    proto = model(
        [
            node("Constant", "", "c", sparse_value=sparse_tensor("", [0, 3], [2, 3])),
            node("MatMul", "x flat", "a"),
            node("Add", "a coordinates", "b"),
            node("Add", "b c", "sum"),
            node("ReduceMax", "sum", "peak", keepdims=0),
            node("Cast", "peak", "condition", to=BOOL),
            node(
                "If", "condition", "y", then_branch=branch("t", "d"), else_branch=branch("e", "f")
            ),
        ],
        [value("x", [2, 2])],
        [value("y", [2, 3])],
    )
    proto.graph.sparse_initializer.extend(
        [
            sparse_tensor("flat", [1, 2, 5], [2, 3]),
            sparse_tensor("coordinates", [[0, 0], [1, 2]], [2, 3]),
        ]
    )
    return proto


ODD_MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    x.__name__: x
    for x in (
        omitted_inputs_and_outputs,
        nested_bodies,
        inputs_with_defaults,
        unnamed,
        odd_names,
        outputs_in_every_way,
        sequences,
        strings,
        functions,
        symbolic_shapes,
    )
}


def contrib_operators() -> onnx.ModelProto:
    """Operators of ``com.microsoft``, of which onnx knows no types."""
    proto = model(
        [
            node("FusedMatMul", "x w", "a", domain="com.microsoft", transB=1),
            node("BiasGelu", "a c", "b", domain="com.microsoft"),
            node("ReduceSum", "b", "total"),
            node("FastGelu", "total", "g", domain="com.microsoft"),
            node("Mul", "b g", "y"),
        ],
        [value("x", ["N", 300])],
        [value("y", ["N", 3])],
        {"w": weights(3, 300), "c": weights(3)},
    )
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto


def unknown_operator() -> onnx.ModelProto:
    """An operator that nobody knows, between two that everybody does."""
    proto = model(
        [node("Relu", "x", "a"), node("Riddle", "a", "b", domain="own"), node("Add", "b a", "y")],
        [value("x", [3])],
        [value("y", [3])],
    )
    proto.opset_import.append(helper.make_opsetid("own", 1))
    return proto
