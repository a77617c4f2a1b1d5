"""Every feature of ONNX: whatever a model holds, any tensor in it can be a target."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import helper, numpy_helper

import onnxfi
from onnxfi.errors import TargetNotFoundError
from tests.support.models.odd_models import (
    ODD_MODELS,
    ODD_NAMES,
    contrib_operators,
    functions,
    inputs_with_defaults,
    low_bits,
    nested_bodies,
    optionals,
    outputs_in_every_way,
    scan_with_captures,
    sparse,
)
from tests.support.small_graphs import (
    BOOL,
    chain,
    model,
    node,
    random_inputs,
    run_overwriting,
    value,
    weights,
)
from tools.backend_models import newest_versions

NEWEST_OPSET = newest_versions().opset_import[0].version


def corrupt(tensor: np.ndarray) -> np.ndarray:
    """Change the last element."""
    changed = tensor.copy()
    changed.reshape(-1)[-1] = 2.5 * changed.reshape(-1)[-1] + 1
    return changed


def assert_close(got: dict[str, np.ndarray], expected: dict[str, np.ndarray], what: str) -> None:
    assert set(got) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(
            got[name], array, rtol=1e-5, atol=1e-6, err_msg=f"{what}: {name}"
        )


def run_whole(proto: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run a model in ONNX Runtime alone."""
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    names = [x.name for x in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def run_file(path: Path, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run a model in a file in ONNX Runtime, with those of the feeds that it takes."""
    session = onnxruntime.InferenceSession(path)
    names = [x.name for x in session.get_outputs()]
    taken = {x.name: feeds[x.name] for x in session.get_inputs()}
    return dict(zip(names, session.run(names, taken), strict=True))


def float_targets(loaded: onnxfi.Model) -> list[str]:
    return [x.tensor for x in loaded.targets() if x.dtype == np.float32]


def check_recomposition(proto: onnx.ModelProto) -> list[str]:
    """Run each split without a fault; return the names of the targets, of any dtype."""
    loaded = onnxfi.load(proto)
    feeds = random_inputs(proto)
    expected = run_whole(proto, feeds)
    names = [x.tensor for x in loaded.targets()]
    for name in names:
        with onnxfi.Injector(loaded, name, provider="cpu") as injector:
            golden = injector.golden(feeds)
            assert_close(injector.resume(golden, golden.target), expected, name)
    return names


@pytest.mark.parametrize("name", ODD_MODELS)
def test_every_float_tensor_can_be_corrupted(name: str) -> None:
    proto = ODD_MODELS[name]()
    loaded = onnxfi.load(proto)
    feeds = random_inputs(proto)
    # In the main graph, unlike in the file: tensors of functions, and weights of subgraphs.
    oracle = ir.serde.serialize_model(loaded.ir_model)
    assert_close(run_overwriting(oracle, feeds)[0], run_overwriting(proto, feeds)[0], name)
    names = float_targets(loaded)
    assert names
    for tensor in names:
        expected, before = run_overwriting(oracle, feeds, tensor, corrupt)
        with onnxfi.Injector(loaded, tensor, provider="cpu") as injector:
            golden = injector.golden(feeds)
            outputs = injector.resume(golden, corrupt(golden.target))
        assert before is not None
        assert_close({tensor: golden.target}, {tensor: before}, tensor)
        assert_close(outputs, expected, tensor)


def test_functions_are_inlined_at_every_depth() -> None:
    loaded = onnxfi.load(functions())
    # The caller's tensors keep their names; those of each call are tensors of their own.
    assert {"a", "b", "c", "y"} <= {x.tensor for x in loaded.targets()}
    assert len(loaded.targets(kind="activation", op="Mul")) == 2
    assert not loaded.ir_model.functions


def test_a_function_of_another_opset_or_domain() -> None:
    proto = functions()
    scale = proto.functions[0]
    scale.opset_import[0].version += 1
    scale.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    scale.node.insert(1, helper.make_node("FastGelu", ["v"], ["g"], domain="com.microsoft"))
    scale.node[2].input[0] = "g"
    loaded = onnxfi.load(proto)
    assert len(loaded.targets(kind="activation", op="FastGelu")) == 2
    feeds = random_inputs(proto)
    with onnxfi.Injector(loaded, "c", provider="cpu") as injector:
        assert_close(dict(injector.golden(feeds).outputs), run_whole(proto, feeds), "c")


@pytest.mark.parametrize("name", ["sum", "inner", "product", "node_inner", "low"])
def test_a_target_inside_a_subgraph(name: str) -> None:
    with pytest.raises(
        TargetNotFoundError, match=f"{name}' is inside a subgraph of the If node 'node_outer'"
    ):
        onnxfi.load(nested_bodies()).target(name)


def test_what_bodies_capture_is_in_the_boundary() -> None:
    # The If reads `b` in a body of a body; `c` and `w` are constants.
    assert onnxfi.split(onnxfi.load(nested_bodies()), "a").boundary == ("first", "second", "b")


def test_initializers_that_are_inputs_are_weights() -> None:
    loaded = onnxfi.load(inputs_with_defaults())
    assert {x.tensor: x.kind for x in loaded.targets()} == {
        "x": "input",
        "w": "weight",
        "a": "activation",
        "c": "weight",
        "y": "activation",
    }


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_is_a_name(name: str) -> None:
    proto = model([node("Neg", "x", "y")], [value("x", [3])], [value("y", [3])])
    proto.graph.node[0].output[0] = proto.graph.output[0].name = name
    assert onnxfi.load(proto).target(name).tensor == name


def test_outputs_in_every_way() -> None:
    loaded = onnxfi.load(outputs_in_every_way())
    split = onnxfi.split(loaded, "r")
    assert split.faulty_outputs == ("y", "r")
    assert split.golden_outputs == ("x", "w", "minus")
    assert onnxfi.split(loaded, "unused").faulty_outputs == ()
    assert onnxfi.split(loaded, "nowhere").faulty_outputs == ()


def test_an_output_that_is_named_twice() -> None:
    proto = chain()
    proto.graph.output.append(proto.graph.output[0])
    assert check_recomposition(proto) == ["x", "w", "a", "b", "c", "y"]


def test_what_is_drawn_from_constants_is_no_constant() -> None:
    drawing = helper.make_graph(
        [node("RandomUniform", "", "d", shape=[3])], "drawing", [], [value("d", [3])]
    )
    proto = model(
        [
            node("RandomNormalLike", "w", "noise"),
            node("If", "yes", "drawn", then_branch=drawing, else_branch=drawing),
            node("Neg", "x", "a"),
            node("Sum", "a noise drawn w", "y"),
        ],
        [value("x", [3])],
        [value("y", [3])],
        {"w": weights(3), "yes": np.array(True)},
    )
    # Both parts would draw, and differ.
    assert onnxfi.split(onnxfi.load(proto), "a").boundary == ("noise", "drawn")


def test_scans_capture() -> None:
    loaded = onnxfi.load(scan_with_captures())
    rows = random_inputs(scan_with_captures())["x"]
    assert onnxfi.split(loaded, "zero").boundary == ("x", "a")
    for name in ("a", "w"):
        with onnxfi.Injector(loaded, name, provider="cpu") as injector:
            golden = injector.golden({"x": rows})
            outputs = injector.resume(golden, corrupt(golden.target))
        a, w = (
            corrupt(x) if name == target else x
            for target, x in (("a", rows.mean(0)), ("w", weights(2)))
        )
        state = np.zeros(2, np.float32)
        states = np.array([state := state * a + row for row in rows])
        np.testing.assert_allclose(outputs["y"], states + w + states[-1], rtol=1e-5, atol=1e-6)


def test_optionals_cross() -> None:
    loaded = onnxfi.load(optionals())
    x = np.array([-1, -2, -3], np.float32)
    assert onnxfi.split(loaded, "a").boundary == ("o",)
    with onnxfi.Injector(loaded, "a", provider="cpu") as injector:
        golden = injector.golden({"x": x})
        np.testing.assert_allclose(golden.outputs["y"], np.exp(x) - x, rtol=1e-6)
        outputs = injector.resume(golden, corrupt(-x))
        np.testing.assert_allclose(outputs["y"], np.exp(x) + corrupt(-x), rtol=1e-6)
        # A corrupted condition takes the other branch, which reads the target itself.
        outputs = injector.resume(golden, np.zeros_like(x))
        np.testing.assert_array_equal(outputs["y"], np.zeros_like(x))


@pytest.mark.parametrize(
    ("make", "targets"),
    [
        (sparse, "x flat a coordinates b c sum peak condition f d y"),
        (low_bits, "x f8 a q scale w b y"),
        (contrib_operators, "x w a c b total g y"),
    ],
)
def test_unusual_tensors_and_operators(make: Callable[[], onnx.ModelProto], targets: str) -> None:
    assert check_recomposition(make()) == targets.split()


@pytest.mark.parametrize("opset", range(7, NEWEST_OPSET + 1))
def test_opsets(opset: int) -> None:
    proto = chain()
    proto.opset_import[0].version = opset
    proto.ir_version = 3 if opset < 9 else 8
    if opset < 9:
        proto.graph.input.extend([value("w", [4, 4]), value("c", [4])])
    assert check_recomposition(proto) == ["x", "w", "a", "b", "c", "y"]


def test_weights_of_subgraphs_may_share_a_name(tmp_path: Path) -> None:
    def branch(name: str, weight: float) -> onnx.GraphProto:
        w = numpy_helper.from_array(np.full(300, weight, np.float32), "w")  # large enough to share
        out = value(f"{name}_out", [300])
        return helper.make_graph([node("Mul", "a w", f"{name}_out")], name, [], [out], [w])

    proto = model(
        [
            node("Relu", "x", "a"),
            node("ReduceMax", "a", "peak", keepdims=0),
            node("Cast", "peak", "yes", to=BOOL),
            node("If", "yes", "one", then_branch=branch("t1", 2), else_branch=branch("e1", 3)),
            node("Not", "yes", "no"),
            node("If", "no", "two", then_branch=branch("t2", 5), else_branch=branch("e2", 7)),
            node("Add", "one two", "y"),
        ],
        [value("x", [300])],
        [value("y", [300])],
    )
    before = proto.SerializeToString(deterministic=True)
    assert len({x for x in check_recomposition(proto) if x.startswith("w")}) == 4
    assert proto.SerializeToString(deterministic=True) == before
    onnxfi.split(onnxfi.load(proto), "one").save(tmp_path)
    feeds = random_inputs(proto)
    between = run_file(tmp_path / "prefix.onnx", feeds)
    assert_close(run_file(tmp_path / "suffix.onnx", between), run_whole(proto, feeds), "saved")


def test_a_graph_without_a_name() -> None:
    proto = chain()
    proto.graph.name = ""
    assert check_recomposition(proto) == ["x", "w", "a", "b", "c", "y"]
    assert proto.graph.name == ""


def test_shapes_that_are_out_of_date_do_not_count() -> None:
    proto = onnx.shape_inference.infer_shapes(chain())
    # Somebody freed the batch axis of the input, and of nothing else.
    for info in (*proto.graph.value_info, *proto.graph.output):
        info.type.tensor_type.shape.dim[0].dim_value = 1
    assert check_recomposition(proto) == ["x", "w", "a", "b", "c", "y"]
    assert {x.shape for x in onnxfi.load(proto).targets(kind="activation")} == {("N", 4)}
