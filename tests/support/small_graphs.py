"""Small graphs with every way in which tensors can cross a split, and an oracle for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

import onnxfi

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
OPSET = 17

# Earlier versions lack operators and dtypes, and do not saturate right.
recent_reference = pytest.mark.skipif(
    tuple(map(int, onnx.__version__.split(".")[:2])) < (1, 23),
    reason="onnx.reference 1.23 is the first that was seen to be right on this",
)


def value(
    name: str, shape: Sequence[int | str | None] | None, dtype: int = FLOAT
) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: Mapping[str, np.ndarray | np.generic] | None = None,
    **kwargs: Any,
) -> onnx.ModelProto:
    initializers = [
        numpy_helper.from_array(np.asarray(x), name) for name, x in (weights or {}).items()
    ]
    graph = helper.make_graph(nodes, "small", inputs, outputs, initializers)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, **kwargs
    )


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def names_of(values: Iterable[ir.Value]) -> list[str]:
    return [value.name or "" for value in values]


def shape_of(model: onnxfi.Model) -> tuple[int, ...]:
    """Return the shape of the only input of a model, which has no open axis."""
    (graph_input,) = model.graph.inputs
    assert graph_input.shape is not None
    return tuple(graph_input.shape.numpy())


def constant(value: ir.Value) -> np.ndarray:
    """Return the value of an initializer."""
    assert value.const_value is not None
    return value.const_value.numpy()


def node(op: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """A node named after its first output; names are separated by spaces, ``-`` is left out."""
    ins = ["" if x == "-" else x for x in inputs.split()]
    outs = outputs.split()
    return helper.make_node(op, ins, outs, name=f"node_{outs[0]}", **attributes)


def chain() -> onnx.ModelProto:
    return model(
        [node("MatMul", "x w", "a"), node("Relu", "a", "b"), node("Add", "b c", "y")],
        [value("x", ["N", 4])],
        [value("y", ["N", 4])],
        {"w": weights(4, 4), "c": weights(4, seed=1)},
    )


def skips() -> onnx.ModelProto:
    """A convolutional net with a skip by Add, one by Concat, and one from the graph input."""
    return model(
        [
            node("Conv", "x k1 b1", "c1", pads=[1, 1, 1, 1]),
            node("Relu", "c1", "r1"),
            node("Conv", "r1 k2", "c2", pads=[1, 1, 1, 1]),
            node("Add", "c2 r1", "s"),
            node("MaxPool", "s", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("Resize", "p - scales", "u", mode="nearest"),
            node("Concat", "u c1 x", "cat", axis=1),
            node("Conv", "cat k3", "c3"),
            node("GlobalAveragePool", "c3", "g"),
            node("Flatten", "g", "f"),
            node("Softmax", "f", "y", axis=-1),
        ],
        [value("x", ["N", 2, 6, 6])],
        [value("y", ["N", 3])],
        {
            "k1": weights(4, 2, 3, 3),
            "b1": weights(4, seed=1),
            "k2": weights(4, 4, 3, 3, seed=2),
            "k3": weights(3, 10, 1, 1, seed=3),
            "scales": np.array([1, 1, 2, 2], np.float32),
        },
    )


def several_outputs() -> onnx.ModelProto:
    """Outputs in the middle, an output that no other depends on, and one named twice over."""
    return model(
        [
            node("Split", "x", "s1 s2", axis=1),
            node("Relu", "s1", "r"),
            node("Tanh", "s2", "side"),
            node("TopK", "r k", "top where", axis=1),
            node("Add", "top r", "y"),
            node("Identity", "r", "again"),
        ],
        [value("x", ["N", 4])],
        [
            value("y", ["N", 2]),
            value("r", ["N", 2]),
            value("side", ["N", 2]),
            value("where", ["N", 2], INT64),
            value("again", ["N", 2]),
        ],
        {"k": np.array([2], np.int64)},
    )


def constants() -> onnx.ModelProto:
    """Chains of constants used on both sides of every split, and a shared initializer."""
    return model(
        [
            node("Constant", "", "raw", value=numpy_helper.from_array(weights(4))),
            node("Unsqueeze", "raw zero", "scale"),
            node("Neg", "scale", "minus"),
            node("Mul", "x scale", "a"),
            node("Sigmoid", "a", "b"),
            node("Mul", "b scale", "c"),
            node("Sub", "c minus", "d"),
            node("Add", "d w", "e"),
            node("Add", "e w", "y"),
        ],
        [value("x", ["N", 4])],
        [value("y", ["N", 4])],
        {"zero": np.array([0], np.int64), "w": weights(1, 4, seed=5)},
    )


def dead_end() -> onnx.ModelProto:
    """A tensor that reaches no output, and an unused initializer."""
    return model(
        [node("Relu", "x", "a"), node("Exp", "a", "nowhere"), node("Neg", "a", "y")],
        [value("x", ["N", 3])],
        [value("y", ["N", 3])],
        {"unused": weights(2)},
    )


def inputs_and_outputs() -> onnx.ModelProto:
    """Two inputs that meet, and an input that is handed through."""
    return model(
        [
            node("MatMul", "left w", "a"),
            node("MatMul", "right w", "b"),
            node("Sub", "a b", "d"),
            node("Abs", "d", "distance"),
            node("Concat", "distance left", "y", axis=1),
        ],
        [value("left", ["N", 3]), value("right", ["N", 3])],
        [value("y", ["N", 8]), value("right", ["N", 3]), value("distance", ["N", 5])],
        {"w": weights(3, 5)},
    )


def branch_with_captures() -> onnx.ModelProto:
    """An If whose bodies read tensors from outside and hand one straight out."""
    then = helper.make_graph(
        [node("Mul", "a w", "then_out")], "then", [], [value("then_out", ["N", 3])]
    )
    otherwise = helper.make_graph(
        [node("Add", "b c", "else_sum"), node("Relu", "else_sum", "else_out")],
        "otherwise",
        [],
        [value("else_out", ["N", 3])],
    )
    return model(
        [
            node("Relu", "x", "a"),
            node("Neg", "a", "b"),
            node("Exp", "b", "c"),
            node("ReduceSum", "x", "total", keepdims=0),
            node("Greater", "total limit", "condition"),
            node("If", "condition", "chosen", then_branch=then, else_branch=otherwise),
            node("Add", "chosen a", "y"),
        ],
        [value("x", ["N", 3])],
        [value("y", ["N", 3])],
        {"w": weights(3), "limit": np.array(0, np.float32)},
    )


def loop_with_captures() -> onnx.ModelProto:
    """A Loop whose body reads a tensor from outside."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["state", "a"], ["next"]),
        ],
        "body",
        [value("i", [], INT64), value("go", [], BOOL), value("state", [2])],
        [value("go_on", [], BOOL), value("next", [2])],
    )
    return model(
        [
            node("Relu", "x", "a"),
            node("Mul", "a a", "start"),
            node("Loop", "trips yes start", "end", body=body),
            node("Add", "end start", "y"),
        ],
        [value("x", [2])],
        [value("y", [2])],
        {"trips": np.array(3, np.int64), "yes": np.array(True)},
    )


def integers() -> onnx.ModelProto:
    """Targets that are no floats: indices, shapes and conditions."""
    return model(
        [
            node("ArgMax", "x", "best", axis=1, keepdims=1),
            node("GatherElements", "x best", "peak", axis=1),
            node("Shape", "x", "shape"),
            node("Greater", "x peak_or", "above"),
            node("Sub", "peak half", "peak_or"),
            node("Where", "above x peak", "kept"),
            node("Reshape", "kept shape", "y"),
        ],
        [value("x", ["N", 3])],
        [value("y", ["N", 3])],
        {"half": np.array(0.5, np.float32)},
    )


def _sorted(proto: onnx.ModelProto) -> onnx.ModelProto:
    import onnx_ir as ir

    sorted_model = ir.serde.deserialize_model(proto)
    sorted_model.graph.sort()
    return ir.serde.serialize_model(sorted_model)


def old_format() -> onnx.ModelProto:
    """IR version 3, where every initializer is a graph input as well."""
    proto = model(
        [node("Conv", "x k", "c"), node("Relu", "c", "y")],
        [value("x", [1, 2, 4, 4]), value("k", [3, 2, 3, 3])],
        [value("y", [1, 3, 2, 2])],
        {"k": weights(3, 2, 3, 3)},
    )
    proto.ir_version = 3
    del proto.opset_import[:]
    proto.opset_import.append(helper.make_opsetid("", 9))
    return proto


def rounded_in_the_middle() -> onnx.ModelProto:
    """Most changes of x are gone once the product is rounded, and much follows."""
    square = weights(64, 64) / 10
    return model(
        [
            node("MatMul", "x w", "product"),
            node("Round", "product", "rounded"),
            node("Add", "rounded b", "moved"),
            node("MatMul", "moved w", "y"),
        ],
        [value("x", [1, 64]), value("b", [1, 64])],
        [value("y", [1, 64])],
        {"w": square},
    )


def dense_block(batch: int | str, activation: str) -> onnx.ModelProto:
    """A block of DenseNet: each of four layers reads the outputs of all layers before it."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    limits = " low high" if activation == "Clip" else ""
    given: dict[str, np.ndarray | np.generic] = {
        "low": np.float32(0),
        "high": np.float32(6),
        "c0_w": normal(3, 2, 1, 1),
    }
    nodes, made = [node("Conv", "x c0_w", "c0")], "c0"
    for n in range(1, 5):
        channels = 3 + 2 * (n - 1)
        given |= {f"{x}{n}": normal(channels) / 10 for x in ("bias", "mean")}
        given |= {f"{x}{n}": np.abs(normal(channels)) for x in ("scale", "var", "factor")}
        given[f"c{n}_w"] = normal(2, channels, 3, 3)
        nodes += [
            node("Concat", made, f"j{n}", axis=1),
            node("BatchNormalization", f"j{n} scale{n} bias{n} mean{n} var{n}", f"b{n}"),
            node("Unsqueeze", f"factor{n} axes", f"f{n}"),
            node("Mul", f"b{n} f{n}", f"m{n}"),
            node(activation, f"m{n}{limits}", f"r{n}"),
            node("Conv", f"r{n} c{n}_w", f"c{n}", pads=[1, 1, 1, 1]),
        ]
        made += f" c{n}"
    nodes += [
        node("Concat", made, "j", axis=1),
        node(activation, f"j{limits}", "r"),
        node("GlobalAveragePool", "r", "y"),
    ]
    given["axes"] = np.array([1, 2])
    return model(nodes, [value("x", [batch, 2, 6, 5])], [value("y", None)], given)


SMALL_GRAPHS: dict[str, Callable[[], onnx.ModelProto]] = {
    "chain": chain,
    "skips": skips,
    "several_outputs": several_outputs,
    "constants": constants,
    "dead_end": dead_end,
    "inputs_and_outputs": inputs_and_outputs,
    "branch_with_captures": branch_with_captures,
    "loop_with_captures": loop_with_captures,
    "integers": lambda: _sorted(integers()),
    "old_format": old_format,
}


def random_inputs(proto: onnx.ModelProto, seed: int = 0) -> dict[str, np.ndarray]:
    """Return an input for each graph input that is no initializer; two samples where N is free."""
    rng = np.random.default_rng(seed)
    constants = {x.name for x in proto.graph.initializer}
    feeds = {}
    for info in proto.graph.input:
        if info.name not in constants:
            dims = info.type.tensor_type.shape.dim
            shape = [x.dim_value if x.HasField("dim_value") else 2 for x in dims]
            feeds[info.name] = rng.standard_normal(shape).astype(np.float32)
    return feeds


def run_overwriting(
    proto: onnx.ModelProto,
    feeds: Mapping[str, np.ndarray],
    tensor: str | None = None,
    overwrite: Callable[[np.ndarray], np.ndarray] = lambda x: x,
    new_ops: Sequence[type[OpRun]] = (),
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Run a model node by node in onnx.reference, overwriting one tensor as soon as it is there.

    This is what a fault is, with no split: an oracle that shares nothing with ours. `new_ops` are
    operators to take in place of the reference's own.

    Returns:
        The outputs by name, and what the tensor was before it was overwritten.
    """
    reference = ReferenceEvaluator(proto, new_ops=list(new_ops))
    results: dict[str, np.ndarray | None] = {"": None, **reference.rt_inits_, **feeds}
    before = None
    if tensor in results:  # an input or an initializer
        before = np.asarray(results[tensor])
        results[tensor] = overwrite(before)
    for runtime_node in reference.rt_nodes_:
        arguments = [results[name] for name in runtime_node.input]
        context = {"context": results} if runtime_node.need_context() else {}
        produced = runtime_node.run(*arguments, **context)
        # A node may leave out its last outputs.
        results.update(zip(runtime_node.output, produced, strict=False))
        results[""] = None  # which an optional output that is left out would have taken
        if tensor is not None and tensor in runtime_node.output:
            before = np.asarray(results[tensor])
            results[tensor] = overwrite(before)
    return {x.name: np.asarray(results[x.name]) for x in proto.graph.output}, before
