"""Splitting: the two halves are the whole, whatever crosses between them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

import onnxfi
from onnxfi.errors import InputError, ModelFormatError, TargetNotFoundError
from onnxfi.graph.dependencies import consumed_values, suffix_shares, working_nodes
from tests.support.small_graphs import (
    SMALL_GRAPHS,
    chain,
    model,
    node,
    random_inputs,
    run_overwriting,
    value,
    weights,
)

CASES = [
    (name, target.tensor)
    for name, make in SMALL_GRAPHS.items()
    for target in onnxfi.load(make()).targets()
]


def proto_of(part: onnxfi.Model) -> onnx.ModelProto:
    return ir.serde.serialize_model(part.ir_model)


def recompose(
    split: onnxfi.Split,
    feeds: dict[str, np.ndarray],
    corrupt: Callable[[np.ndarray], np.ndarray] = lambda x: x,
) -> dict[str, np.ndarray]:
    """Run prefix, corruption and suffix in onnx.reference."""
    prefix = ReferenceEvaluator(proto_of(split.prefix))
    between = dict(zip(prefix.output_names, prefix.run(None, feeds), strict=True))
    golden = {name: between[name] for name in split.golden_outputs}
    if not split.faulty_outputs:
        return golden
    crossing = {name: between[name] for name in (split.target.tensor, *split.boundary)}
    crossing[split.target.tensor] = corrupt(crossing[split.target.tensor])
    suffix = ReferenceEvaluator(proto_of(split.suffix))
    assert set(suffix.input_names) == set(crossing)
    return golden | dict(zip(suffix.output_names, suffix.run(None, crossing), strict=True))


def corrupt(tensor: np.ndarray) -> np.ndarray:
    """Change one element to a value of the same dtype that the tensor does not hold there."""
    changed = tensor.copy()
    flat = changed.reshape(-1)
    if tensor.dtype == np.bool_:
        flat[0] = not flat[0]
    elif np.issubdtype(tensor.dtype, np.integer):
        flat[0] = flat[0] - 1 if flat[0] > 0 else flat[0] + 1
    else:
        flat[-1] = 2.5 * flat[-1] + 1
    return changed


def assert_same(got: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(got) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(got[name], array, err_msg=name)


@pytest.mark.parametrize(("graph", "tensor"), CASES)
def test_recomposition_is_the_unsplit_model(graph: str, tensor: str) -> None:
    proto = SMALL_GRAPHS[graph]()
    feeds = random_inputs(proto)
    expected, _ = run_overwriting(proto, feeds)
    assert_same(recompose(onnxfi.split(onnxfi.load(proto), tensor), feeds), expected)


# Another shape than the data has is no valid Reshape, and other scales no valid Resize.
CORRUPTIBLE = [case for case in CASES if case not in (("integers", "shape"), ("skips", "scales"))]


@pytest.mark.parametrize(("graph", "tensor"), CORRUPTIBLE)
def test_corruption_is_the_tensor_overwritten_midway(graph: str, tensor: str) -> None:
    proto = SMALL_GRAPHS[graph]()
    feeds = random_inputs(proto)
    expected, before = run_overwriting(proto, feeds, tensor, corrupt)
    assert before is not None
    assert_same(recompose(onnxfi.split(onnxfi.load(proto), tensor), feeds, corrupt), expected)


@pytest.mark.parametrize(("graph", "tensor"), CASES)
def test_halves_are_valid_and_the_boundary_is_minimal(graph: str, tensor: str) -> None:
    loaded = onnxfi.load(SMALL_GRAPHS[graph]())
    split = onnxfi.split(loaded, tensor)
    for part in (split.prefix, split.suffix):
        # The checker wants the rank of what crosses, and nothing tells that of a Loop's state.
        if all(x.shape is not None for x in (*part.graph.inputs, *part.graph.outputs)):
            onnx.checker.check_model(proto_of(part), full_check=True)
        else:
            assert (graph, tensor) == ("loop_with_captures", "end")
    constants = {x.name for x in loaded.constants}
    assert not constants & set(split.boundary)
    read = {
        x.name
        for inner in ir.traversal.RecursiveGraphIterator(split.suffix.graph)
        for x in inner.inputs
        if x is not None
    }
    assert set(split.boundary) <= read
    assert len(set(split.boundary)) == len(split.boundary)


@pytest.mark.parametrize("graph", SMALL_GRAPHS)
def test_suffix_shares_count_the_nodes_of_the_splits(graph: str) -> None:
    loaded = onnxfi.load(SMALL_GRAPHS[graph]())
    shares = suffix_shares(loaded.graph, loaded.constants)
    constant = {x.name for x in loaded.constants}
    whole = len(working_nodes(loaded.graph, loaded.constants))
    for target in loaded.targets(include_shapes=True):
        split = onnxfi.split(loaded, target)
        # Nodes that depend on other constants only come along with those that use them.
        reached = {target.tensor}
        dependent = []
        for suffix_node in split.suffix.graph:
            if reached & {x.name for x in consumed_values(suffix_node)}:
                made = {x.name or "" for x in suffix_node.outputs}
                dependent += [suffix_node] * (not made <= constant)
                reached |= made
        assert shares[loaded.values[target.tensor]] * whole == pytest.approx(len(dependent))
        assert split.suffix_share == pytest.approx(shares[loaded.values[target.tensor]])


def test_the_model_stays_as_it_is() -> None:
    for make in SMALL_GRAPHS.values():
        loaded = onnxfi.load(make())
        before = ir.serde.serialize_model(loaded.ir_model).SerializeToString(deterministic=True)
        for target in loaded.targets():
            onnxfi.split(loaded, target)
            onnxfi.expose(loaded, [target])
        after = ir.serde.serialize_model(loaded.ir_model).SerializeToString(deterministic=True)
        assert before == after


def test_a_random_node_without_inputs_comes_from_the_golden_run() -> None:
    proto = model(
        [
            node("RandomNormal", "", "noise", shape=[2, 3], seed=1.0),
            node("Relu", "x", "a"),
            node("Add", "a noise", "y"),
        ],
        [value("x", [2, 3])],
        [value("y", [2, 3])],
    )
    assert onnxfi.split(onnxfi.load(proto), "a").boundary == ("noise",)


def test_a_constant_that_is_made_beside_the_target_crosses() -> None:
    proto = model(
        [
            node("Split", "w", "left right", axis=0),
            node("Mul", "x left", "a"),
            node("Add", "a right", "y"),
        ],
        [value("x", ["N", 2])],
        [value("y", ["N", 2])],
        {"w": weights(4)},
    )
    split = onnxfi.split(onnxfi.load(proto), "left")
    assert split.boundary == ("x", "right")
    onnx.checker.check_model(proto_of(split.suffix), full_check=True)
    feeds = random_inputs(proto)
    expected, _ = run_overwriting(proto, feeds, "left", corrupt)
    assert_same(recompose(split, feeds, corrupt), expected)


def test_saved_stages_run_one_after_the_other(tmp_path: Path) -> None:
    proto = SMALL_GRAPHS["skips"]()
    feeds = random_inputs(proto)
    onnxfi.split(onnxfi.load(proto), ["s", "c1", "k3"]).save(tmp_path)
    description = json.loads((tmp_path / "split.json").read_text())
    assert description["stages"] == [
        {"model": "stage_1.onnx", "targets": ["c1", "k3"]},
        {"model": "stage_2.onnx", "targets": ["s"]},
    ]
    known = feeds
    for name in ("prefix.onnx", *(stage["model"] for stage in description["stages"])):
        session = onnxruntime.InferenceSession(tmp_path / name)
        taken = {x.name: known[x.name] for x in session.get_inputs()}
        made = [x.name for x in session.get_outputs()]
        known = known | dict(zip(made, session.run(made, taken), strict=True))
    expected, _ = run_overwriting(proto, feeds)
    np.testing.assert_allclose(known["y"], expected["y"], rtol=2e-5, atol=1e-6)


def test_saving_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFormatError, match="folder that can be written"):
        onnxfi.split(onnxfi.load(chain()), "a").save(tmp_path / "file" / "folder")


def test_unknown_target() -> None:
    with pytest.raises(TargetNotFoundError, match="none is called 'B1'"):
        onnxfi.split(onnxfi.load(chain()), "B1")


@pytest.mark.parametrize("targets", ["nowhere", "unused", ["x", "nowhere"]])
def test_nothing_is_saved_where_no_output_depends_on_a_target(
    targets: str | list[str], tmp_path: Path
) -> None:
    """ONNX Runtime opens no model without nodes and outputs."""
    split = onnxfi.split(onnxfi.load(SMALL_GRAPHS["dead_end"]()), targets)
    with pytest.raises(InputError, match=r"none depends on '(nowhere|unused)'"):
        split.save(tmp_path / "halves")
    assert not (tmp_path / "halves").exists()
