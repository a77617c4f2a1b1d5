"""An embedded saboteur does to a model what overwriting the tensor does, and nothing otherwise."""

import json
from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument

import onnxfi
from onnxfi.converters import Layer, dump_layers
from onnxfi.error_models import BitFlip, Corruption, RandomValue
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.injector import injection_rng
from onnxfi.surgery.embedding import counts_samples
from tests.support.small_graphs import (
    SMALL_GRAPHS,
    chain,
    model,
    node,
    random_inputs,
    run_overwriting,
    skips,
    value,
    weights,
)

# The operators that read these refuse most of their faulty values.
_NO_FAULT_FITS = ("scales", "shape", "best")
CASES = [
    (name, target.tensor)
    for name, make in SMALL_GRAPHS.items()
    for target in onnxfi.load(make()).targets()
    if target.tensor not in _NO_FAULT_FITS
    and (name, target.tensor) != ("inputs_and_outputs", "right")
]
Outputs = dict[str, np.ndarray]


def proto_of(embedded: onnxfi.Model) -> onnx.ModelProto:
    proto = ir.serde.serialize_model(embedded.ir_model)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def session(proto: onnx.ModelProto, *, optimised: bool = False) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


class Runner:
    """Runs a model in one of two runtimes, with no optimisation."""

    def __init__(self, proto: onnx.ModelProto, by: str = "ort") -> None:
        """Open the runtime ``ort`` or ``reference``."""
        self.names = [x.name for x in proto.graph.output]
        self.runtime = session(proto) if by == "ort" else ReferenceEvaluator(proto)

    def __call__(self, feeds: Mapping[str, np.ndarray]) -> Outputs:
        """Return the outputs by name."""
        results = self.runtime.run(self.names, dict(feeds))
        return dict(zip(self.names, map(np.asarray, results), strict=True))


def run(proto: onnx.ModelProto, feeds: Mapping[str, np.ndarray], by: str = "ort") -> Outputs:
    return Runner(proto, by)(feeds)


def bits(outputs: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in outputs.items()}


def select(tensor: str, *selections: int) -> dict[str, np.ndarray]:
    return {f"saboteur/{tensor}": np.array(selections, np.int64)}


def corruption(indices: list[int], values: Any, dtype: Any = np.float32) -> Corruption:
    return Corruption(np.array(indices, np.int64), np.array(values, dtype))


def batch_of_one(proto: onnx.ModelProto) -> dict[str, np.ndarray]:
    free = {x.name for x in proto.graph.input if x.type.tensor_type.shape.dim[0].dim_param}
    feeds = random_inputs(proto)
    return {name: array[:1] if name in free else array for name, array in feeds.items()}


@pytest.mark.thorough
@pytest.mark.parametrize(("graph", "tensor"), CASES)
def test_each_selection_does_what_it_says(graph: str, tensor: str) -> None:
    proto = SMALL_GRAPHS[graph]()
    loaded = onnxfi.load(proto)
    feeds, one = random_inputs(proto), batch_of_one(proto)
    with onnxfi.Injector(loaded, tensor, provider="cpu") as injector:
        golden = injector.golden(one)
        error_models = (
            RandomValue(-2.0, 2.0),
            BitFlip(),
            BitFlip(count=min(2, golden.target.size)),
        )
        corruptions = [
            error_model.sample(golden.target, channel_axis=None, rng=injection_rng(3, i))
            for i, error_model in enumerate(error_models)
            if golden.target.dtype != np.bool_ or i > 0
        ]
        before = ir.serde.serialize_model(loaded.ir_model).SerializeToString(deterministic=True)
        embedded = proto_of(onnxfi.embed(loaded, tensor, corruptions))
        after = ir.serde.serialize_model(loaded.ir_model).SerializeToString(deterministic=True)
        assert after == before

        assert {x.domain for x in embedded.opset_import} == {""}
        assert embedded.opset_import[0].version == proto.opset_import[0].version
        assert [x.name for x in embedded.graph.output] == [x.name for x in proto.graph.output]

        runner = Runner(embedded)
        assert bits(runner(feeds)) == bits(runner(feeds | select(tensor, -1)))
        assert bits(runner(feeds)) == bits(run(proto, feeds))
        for number, drawn in enumerate(corruptions):
            got = runner(one | select(tensor, number))
            corrupted = drawn.apply(golden.target)
            for name, array in injector.resume(golden, corrupted).items():
                np.testing.assert_allclose(got[name], array, rtol=2e-5, atol=1e-6)
    if graph == "old_format":  # onnx.reference has no Scatter, which opset 9 needs
        return
    runner = Runner(embedded, by="reference")
    assert bits(runner(feeds)) == bits(run(proto, feeds, by="reference"))
    for number, drawn in enumerate(corruptions):
        expected, _ = run_overwriting(proto, one, tensor, drawn.apply)
        got = runner(one | select(tensor, number))
        assert bits(got) == bits(expected)


def rows(values: list[float]) -> list[Corruption]:
    return [corruption([i % 4], [x]) for i, x in enumerate(values)]


@pytest.mark.parametrize("by", ["ort", "reference"])
def test_each_sample_has_its_own_selection(by: str) -> None:
    proto = chain()
    corruptions = [*rows([10, 20, 30]), corruption([0, 1, 3], [7, 8, 9]), corruption([], [])]
    embedded = proto_of(onnxfi.embed(onnxfi.load(proto), "b", corruptions))
    feeds = {"x": weights(6, 4, seed=9)}

    def overwrite(tensor: np.ndarray) -> np.ndarray:
        changed = tensor.copy()
        changed[0, 2], changed[2, 0], changed[3, [0, 1, 3]] = 30, 10, [7, 8, 9]
        return changed

    expected, _ = run_overwriting(proto, feeds, "b", overwrite)
    got = run(embedded, feeds | select("b", 2, -1, 0, 3, 4, -1), by=by)
    np.testing.assert_allclose(got["y"], expected["y"], rtol=1e-6)
    for_all, _ = run_overwriting(
        proto, feeds, "b", lambda x: np.concatenate([x[:, :1] * 0 + 10, x[:, 1:]], 1)
    )
    np.testing.assert_allclose(
        run(embedded, feeds | select("b", 0), by=by)["y"], for_all["y"], rtol=1e-6
    )


def with_opset(proto: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    del proto.opset_import[:]
    proto.opset_import.append(helper.make_opsetid("", opset))
    proto.ir_version = 8 if opset < 19 else 10
    return proto


@pytest.mark.parametrize("opset", [9, 10, 11, 13, 14, 17, 21, 22, 23])
def test_opsets(opset: int) -> None:
    proto = with_opset(chain(), opset)
    embedded = proto_of(onnxfi.embed(onnxfi.load(proto), "a", rows([1e9, 2e9, 3e9])))
    assert embedded.opset_import[0].version == opset
    feeds = {"x": weights(5, 4)}
    assert bits(run(embedded, feeds)) == bits(run(proto, feeds))
    got = run(embedded, feeds | select("a", 1, -1, 0, 2, -1))["y"]
    assert (np.argmax(got, axis=1)[[0, 2, 3]] == [1, 0, 2]).all()
    random = run(embedded, feeds | select("a", -2, -1, -2, -2, -2))["y"]
    assert (random.max(axis=1) > 1e8).tolist() == [True, False, True, True, True]


@pytest.mark.parametrize(
    ("opset", "by"), [(9, "ort"), (17, "ort"), (17, "reference"), (22, "ort"), (22, "reference")]
)
def test_random_selections_are_uniform_and_independent(opset: int, by: str) -> None:
    samples = 4000 if by == "ort" else 1000
    proto = with_opset(
        model([node("Identity", "x", "y")], [value("x", ["N", 4])], [value("y", ["N", 4])]), opset
    )
    embedded = proto_of(onnxfi.embed(onnxfi.load(proto), "y", rows([1, 2, 3, 4])))
    onnxruntime.set_seed(5)
    runner = session(embedded) if by == "ort" else ReferenceEvaluator(embedded)
    feeds = {"x": np.zeros((samples, 4), np.float32)} | select("y", -2)
    first, second = (np.asarray(next(iter(runner.run(None, feeds)))) for _ in range(2))
    assert (first.sum(axis=1) == first.max(axis=1)).all()  # one corruption for each sample
    drawn = first.max(axis=1).astype(int) - 1
    assert (first[np.arange(samples), drawn] == drawn + 1).all()
    # Six standard deviations of a binomial distribution.
    tolerance = 6 * np.sqrt(samples * 0.25 * 0.75)
    assert np.abs(np.bincount(drawn, minlength=4) - samples / 4).max() < tolerance
    same_as_neighbour = np.count_nonzero(drawn[1:] == drawn[:-1])
    assert abs(same_as_neighbour - samples / 4) < tolerance
    assert (first != second).any()


OUTSIDE = [(3,), (-3,), (0, 4), (-100, 0), (2**62,), (2**63 - 1,), (-(2**63),)]


@pytest.mark.parametrize("selections", OUTSIDE)
def test_a_selection_out_of_range_fails(selections: tuple[int, ...]) -> None:
    embedded = proto_of(onnxfi.embed(onnxfi.load(chain()), "a", rows([1, 2, 3])))
    feeds = {"x": weights(2, 4)} | select("a", *selections)
    with pytest.raises(InvalidArgument, match="saboteur/a/selection_from_-2_to_2"):
        run(embedded, feeds)
    with pytest.raises(IndexError, match="out of bounds"):
        run(embedded, feeds, by="reference")


def test_as_many_selections_as_samples() -> None:
    embedded = proto_of(onnxfi.embed(onnxfi.load(chain()), "a", rows([1, 2, 3])))
    for samples in (1, 2):
        with pytest.raises((InvalidArgument, Fail)):
            run(embedded, {"x": weights(samples, 4)} | select("a", 0, 1, 2))


class Gather(OpRun):
    """Gather as ONNX Runtime does it on CUDA: 0 where an index is out of range."""

    op_domain = ""

    def _run(self, data: np.ndarray, indices: np.ndarray, axis: int = 0) -> tuple[np.ndarray]:
        length = data.shape[axis or 0]
        fits = (indices >= -length) & (indices < length)
        taken = np.take(data, np.where(fits, indices, 0), axis=axis or 0)
        return (
            np.where(fits.reshape(fits.shape + (1,) * (taken.ndim - fits.ndim)), taken, 0).astype(
                data.dtype
            ),
        )


@pytest.mark.parametrize("selection", [3, -3])
def test_a_selection_out_of_range_shows_where_indices_are_not_checked(selection: int) -> None:
    embedded = proto_of(onnxfi.embed(onnxfi.load(chain()), "a", rows([1, 2, 3])))
    runner = ReferenceEvaluator(embedded, new_ops=[Gather])
    feeds = {"x": weights(2, 4)}
    (valid,) = runner.run(None, feeds | select("a", 2))
    (refused,) = runner.run(None, feeds | select("a", selection, -1))
    assert np.isfinite(np.asarray(valid)).all()
    assert np.isnan(np.asarray(refused)).any(axis=1).tolist() == [True, False]


def test_a_site_outside_a_sample_of_unknown_shape_fails() -> None:
    proto = model(
        [node("Neg", "x", "a"), node("Neg", "a", "y")],
        [value("x", ["N", "M"])],
        [value("y", ["N", "M"])],
    )
    embedded = proto_of(onnxfi.embed(onnxfi.load(proto), "a", [corruption([0, 3], [1, 2])]))
    assert (
        run(embedded, {"x": np.zeros((2, 4), np.float32)} | select("a", 0))["y"].tolist()
        == [[-1, 0, 0, -2]] * 2
    )
    with pytest.raises(Exception, match="out of"):
        run(embedded, {"x": np.zeros((2, 3), np.float32)} | select("a", 0))


def test_empty_tensors_pass() -> None:
    proto = model(
        [node("Neg", "x", "a"), node("Neg", "a", "y")],
        [value("x", ["N", "M"])],
        [value("y", ["N", "M"])],
    )
    loaded = onnxfi.load(proto)
    for per_sample in (True, False):
        embedded = proto_of(
            onnxfi.embed(loaded, "a", [corruption([0], [1])], per_sample=per_sample)
        )
        for shape in ((0, 4), (3, 0), (0, 0)):
            assert run(embedded, {"x": np.zeros(shape, np.float32)})["y"].shape == shape


_NAN = np.array([0x7FC12345, 0xFFABCDEF, 0x7F800001], np.uint32).view(np.float32)
_SPECIAL = np.array([*_NAN, np.inf, -np.inf, -0.0, 0.0, 1e-45], np.float32)


@pytest.mark.parametrize("by", ["ort", "reference"])
def test_special_values_stay_bit_by_bit(by: str) -> None:
    nodes = [node("Identity", "x", "a"), node("Identity", "a", "y")]
    proto = model(nodes, [value("x", ["N", 16])], [value("y", ["N", 16])])
    special = Corruption(np.arange(3, 11), _SPECIAL)
    embedded = proto_of(onnxfi.embed(onnxfi.load(proto), "a", [special, corruption([0], [1])]))
    golden = np.resize(_SPECIAL[::-1], (2, 16)).copy()
    got = run(embedded, {"x": golden} | select("a", -1, 0), by=by)["y"]
    assert got[0].tobytes() == golden[0].tobytes()
    assert got[1].tobytes() == special.apply(golden[1]).tobytes()


DTYPES = [
    *("float16", "float32", "float64", "bool", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64", "bfloat16"),
]


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(name: str) -> None:
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    element = ir.DataType.from_numpy(dtype).value
    nodes = [node("Identity", "x", "a"), node("Identity", "a", "y")]
    proto = model(nodes, [value("x", ["N", 5], element)], [value("y", ["N", 5], element)])
    loaded = onnxfi.load(proto)
    golden = np.arange(5).reshape(1, 5).astype(dtype)
    flips = [
        BitFlip(count=2).sample(golden, channel_axis=None, rng=injection_rng(0, i))
        for i in range(3)
    ]
    embedded = onnxfi.embed(loaded, "a", flips)
    feeds = {"x": np.tile(golden, (4, 1))} | select("a", 2, -1, 0, 1)
    expected = [flips[2].apply(golden), golden, flips[0].apply(golden), flips[1].apply(golden)]
    with onnxfi.Injector(embedded, "y", provider="cpu") as injector:
        got = injector.golden(feeds).outputs["y"]
    assert got.dtype == dtype
    assert got.tobytes() == np.concatenate(expected).tobytes()
    assert run(proto_of(embedded), feeds, by="reference")["y"].tobytes() == got.tobytes()


def test_a_dtype_that_the_operators_do_not_take() -> None:
    element = TensorProto.FLOAT8E4M3FN
    nodes = [node("Identity", "x", "a"), node("Identity", "a", "y")]
    proto = with_opset(
        model(nodes, [value("x", [1, 5], element)], [value("y", [1, 5], element)]), 21
    )
    hit = corruption([0], [1], ml_dtypes.float8_e4m3fn)
    with pytest.raises(
        InputError, match="operator Gather of opset 21 takes, and 'a' is float8e4m3fn"
    ):
        onnxfi.embed(onnxfi.load(proto), "a", [hit])


def several() -> onnxfi.Model:
    loaded = onnxfi.load(chain())
    embedded = onnxfi.embed(loaded, "x", rows([5, 6]))
    embedded = onnxfi.embed(embedded, "w", [corruption([3, 7], [2, -2])])
    return onnxfi.embed(embedded, "b", rows([1e3, 2e3, 3e3]))


@pytest.mark.parametrize("by_file", [False, True])
def test_several_saboteurs(by_file: bool, tmp_path: Any) -> None:
    embedded = several()
    if by_file:  # loading takes inputs with a default for constants, embedding does not
        embedded.save(tmp_path / "several.onnx")
        embedded = onnxfi.embed(onnxfi.load(tmp_path / "several.onnx"), "a", rows([0, 0]))
    proto = proto_of(embedded)
    listed = json.loads({x.key: x.value for x in proto.metadata_props}["onnxfi.saboteurs"])
    assert listed[:3] == [
        {"target": "x", "input": "saboteur/x", "corruptions": 2, "per_sample": True},
        {"target": "w", "input": "saboteur/w", "corruptions": 1, "per_sample": False},
        {"target": "b", "input": "saboteur/b", "corruptions": 3, "per_sample": True},
    ]
    assert [x.name for x in proto.graph.input] == ["x", *(x["input"] for x in listed)]
    feeds = {"x": weights(2, 4)}
    x, w = feeds["x"].copy(), weights(4, 4)
    assert bits(run(proto, feeds)) == bits(run(chain(), feeds))
    x[1, 1] = 6
    w.reshape(-1)[[3, 7]] = [2, -2]
    b = np.maximum(x @ w, 0)
    b[0, 2] = 3e3
    got = run(proto, feeds | select("x", -1, 1) | select("w", 0) | select("b", 2, -1))
    np.testing.assert_allclose(got["y"], b + weights(4, seed=1), rtol=1e-5)


def test_the_layer_map_survives() -> None:
    proto = chain()
    layers = [Layer("dense", "Dense", tensor="b", operator_tensor="a", channel_axis=1)]
    proto.metadata_props.add(key="onnxfi.layers", value=dump_layers(layers))
    loaded = onnxfi.load(proto)
    embedded = onnxfi.embed(loaded, "dense", rows([1]))
    assert list(embedded.layers) == layers
    assert embedded.target("dense") == loaded.target("dense")


def test_names_that_are_taken() -> None:
    nodes = [
        node("Neg", "x", "saboteur/a/end"),
        node("Neg", "saboteur/a/end", "a"),
        node("Neg", "a", "y"),
    ]
    proto = model(nodes, [value("x", ["N", 4])], [value("y", ["N", 4])])
    embedded = proto_of(onnxfi.embed(onnxfi.load(proto), "a", rows([9])))
    assert embedded.graph.input[1].name == "saboteur/a_"
    feeds = {"x": np.zeros((1, 4), np.float32), "saboteur/a_": np.array([0])}
    assert run(embedded, feeds)["y"].tolist() == [[-9, 0, 0, 0]]


def test_a_weight_that_is_an_output() -> None:
    proto = model(
        [node("Add", "x w", "y")],
        [value("x", ["N", 4])],
        [value("y", ["N", 4]), value("w", [4])],
        {"w": weights(4)},
    )
    loaded = onnxfi.load(proto)
    embedded = proto_of(onnxfi.embed(loaded, "w", rows([9])))
    feeds = {"x": np.zeros((1, 4), np.float32)}
    got = run(embedded, feeds | select("w", 0))
    assert got["w"].tolist() == [9, *weights(4)[1:].tolist()] == got["y"][0].tolist()
    assert [x.name for x in proto.graph.initializer] == ["w"]
    assert run(proto, feeds)["y"].tolist() == [weights(4).tolist()]
    stored = loaded.values["w"].const_value
    assert stored is not None
    assert stored.name == "w"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [(["N", 4], True), ([None, 4], True), ([1, 4], True), ([3, 4], False), (["N", "M"], True)],
)
def test_what_counts_samples(shape: Any, expected: bool) -> None:
    nodes = [node("Reshape", "x pairs", "r"), node("Relu", "x", "a"), node("Add", "a w", "y")]
    proto = model(
        nodes,
        [value("x", shape)],
        [value("y", [None, None]), value("r", [None, None])],
        {"pairs": np.array([-1, 2]), "w": weights(1, 4)},
    )
    loaded = onnxfi.load(proto)
    assert counts_samples(loaded, loaded.target("x")) == expected
    assert counts_samples(loaded, loaded.target("a")) == expected
    assert not counts_samples(loaded, loaded.target("r"))  # two of its rows make a sample
    assert not counts_samples(loaded, loaded.target("w"))


def test_a_resized_batch_counts_samples() -> None:
    loaded = onnxfi.load(skips())
    assert counts_samples(loaded, loaded.target("cat"))


def test_per_sample_can_be_said() -> None:
    proto = model(
        [node("Neg", "x", "a"), node("Neg", "a", "y")], [value("x", [3, 4])], [value("y", [3, 4])]
    )
    loaded = onnxfi.load(proto)
    feeds = {"x": np.zeros((3, 4), np.float32)}
    apart = proto_of(onnxfi.embed(loaded, "a", rows([1, 2]), per_sample=True))
    assert run(apart, feeds | select("a", 1, -1, 0))["y"].tolist() == [
        [0, -2, 0, 0],
        [0] * 4,
        [-1, 0, 0, 0],
    ]
    whole = proto_of(onnxfi.embed(loaded, "a", [corruption([5], [1])]))
    assert run(whole, feeds | select("a", 0))["y"].tolist() == [[0] * 4, [0, -1, 0, 0], [0] * 4]


@pytest.mark.parametrize("tensor", ["x", "w", "b", "saboteur/w/sabotaged", "y"])
def test_an_embedded_model_can_be_injected_into(tensor: str) -> None:
    embedded = several()
    feeds = {"x": weights(2, 4)}
    with onnxfi.Injector(embedded, tensor, provider="cpu") as injector:
        plain = injector.golden(feeds)
        faulty = injector.golden(feeds | select("w", 0))
        resumed = injector.resume(faulty, faulty.target)
    np.testing.assert_allclose(plain.outputs["y"], run(chain(), feeds)["y"], rtol=1e-5)
    w = weights(4, 4)
    w.reshape(-1)[[3, 7]] = [2, -2]
    expected = np.maximum(feeds["x"] @ w, 0) + weights(4, seed=1)
    np.testing.assert_allclose(faulty.outputs["y"], expected, rtol=1e-5)
    np.testing.assert_allclose(resumed["y"], expected, rtol=1e-5)


def test_external_weights_come_along(tmp_path: Any) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    proto = model(
        [node("MatMul", "x w", "a"), node("Relu", "a", "y")],
        [value("x", ["N", 64])],
        [value("y", ["N", 64])],
        {"w": weights(64, 64)},
    )
    onnx.save(
        proto,
        tmp_path / "one" / "m.onnx",
        save_as_external_data=True,
        location="w.bin",
        size_threshold=0,
    )
    embedded = onnxfi.embed(onnxfi.load(tmp_path / "one" / "m.onnx"), "a", [corruption([3], [9])])
    assert isinstance(embedded.values["w"].const_value, ir.ExternalTensor)
    embedded.save(tmp_path / "two" / "e.onnx")
    assert sorted(x.name for x in (tmp_path / "two").iterdir()) == ["e.onnx", "e.onnx.data"]
    runner = onnxruntime.InferenceSession(
        tmp_path / "two" / "e.onnx", providers=["CPUExecutionProvider"]
    )
    x = weights(2, 64, seed=1)
    expected = np.maximum(x @ weights(64, 64), 0)
    expected[1, 3] = 9
    (got,) = runner.run(None, {"x": x} | select("a", -1, 0))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_default_optimisations_change_no_more_than_rounding() -> None:
    proto = skips()
    embedded = proto_of(onnxfi.embed(onnxfi.load(proto), "c1", [corruption([3], [9])]))
    feeds = random_inputs(proto)
    got, expected = (session(x, optimised=True).run(None, feeds)[0] for x in (embedded, proto))
    np.testing.assert_allclose(got, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("tensor", "corruptions", "message"),
    [
        ("a", [], "at least one corruption"),
        (
            "a",
            [corruption([0], [1], np.float64)],
            "dtype of the target 'a', float32, and .* 0 has float64",
        ),
        ("a", [*rows([1]), corruption([4], [1])], "the 4 elements .* corruption 1 has the index 4"),
        ("w", [corruption([16], [1])], "the 16 elements"),
    ],
)
def test_corruptions_that_do_not_fit(
    tensor: str, corruptions: list[Corruption], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        onnxfi.embed(onnxfi.load(chain()), tensor, corruptions)


def test_targets_that_take_no_saboteur() -> None:
    with pytest.raises(InputError, match="'b' has one"):
        onnxfi.embed(several(), "b", rows([1]))
    proto = SMALL_GRAPHS["inputs_and_outputs"]()
    with pytest.raises(InputError, match="'right' is also an output"):
        onnxfi.embed(onnxfi.load(proto), "right", [corruption([0], [1])])
    scalar = SMALL_GRAPHS["integers"]()
    with pytest.raises(InputError, match="'half' has no axis"):
        onnxfi.embed(onnxfi.load(scalar), "half", [corruption([0], [1])], per_sample=True)
    old = with_opset(model([node("Relu", "x", "y")], [value("x", [1, 4])], [value("y", [1, 4])]), 8)
    with pytest.raises(ModelFormatError, match="opset 9 or later, got opset 8"):
        onnxfi.embed(onnxfi.load(old), "y", rows([1]))
    damaged = onnxfi.load(chain())
    damaged.ir_model.metadata_props["onnxfi.saboteurs"] = '[{"target": 3}]'
    with pytest.raises(ModelFormatError, match=r"onnxfi\.saboteurs must list"):
        onnxfi.embed(damaged, "a", rows([1]))


def test_only_constants_and_no_nodes() -> None:
    graph = helper.make_graph(
        [], "g", [], [value("w", [4])], [numpy_helper.from_array(weights(4), "w")]
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    embedded = proto_of(onnxfi.embed(onnxfi.load(proto), "w", rows([9])))
    assert run(embedded, select("w", 0))["w"][0] == 9


def test_several_targets_at_once() -> None:
    corruptions = [rows([5, 6]), [corruption([3, 7], [2, -2])], rows([1e3, 2e3, 3e3])]
    loaded = onnxfi.load(chain())
    embedded = onnxfi.embed(loaded, ["x", loaded.target("w"), "b"], corruptions)
    assert proto_of(embedded) == proto_of(several())


@pytest.mark.parametrize(
    ("targets", "corruptions", "message"),
    [
        (["a", "b"], [rows([1])], "as many sequences of corruptions, one for each, got 1 for 2"),
        (["a"], rows([1]), "one for each, got 0 for 1"),
        (["a", "a"], [rows([1]), rows([1])], "'a' is given twice"),
        ([], [], "At least one target must be given"),
    ],
)
def test_several_targets_with_other_numbers_of_corruptions(
    targets: list[str], corruptions: list[Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        onnxfi.embed(onnxfi.load(chain()), targets, corruptions)
