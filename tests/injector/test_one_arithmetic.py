"""The outcome of an injection depends on the model, the input, the seed and its number alone.

Random graphs of several precisions are run with and without lanes and propagation, beside other
inputs, and by an oracle: an unoptimised session of the whole model in which the consumers of the
target read the corrupted tensor instead.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.injector.injection_batch import InjectionBatch
from onnxfi.injector.metrics import Regression
from onnxfi.injector.outcome import decide_outcome
from tests.support.random_graphs.precisions import PrecisionGraph, precision_graph
from tests.support.record_checks import assert_same

FAULTS = 20
SETTINGS: list[dict[str, object]] = [
    {"lanes": 3, "propagation": True},
    {"lanes": "auto", "propagation": True},
    {"lanes": 4, "propagation": False},
]
METRIC = Regression()


class Oracle:
    """Runs the whole model with a tensor overwritten."""

    def __init__(self, proto: onnx.ModelProto, target: onnxfi.Target) -> None:
        """Rewire the consumers of the target, and keep the rounding of float16 tensors."""
        rewired = onnx.ModelProto()
        rewired.CopyFrom(proto)
        graph = rewired.graph
        dtype = helper.np_dtype_to_tensor_dtype(target.dtype)
        graph.input.append(helper.make_tensor_value_info("corrupted", dtype, None))
        _rename(graph, target.tensor, "corrupted")
        types = _float16_values(proto)
        _keep_rounding(graph, types)
        watched = [target.tensor] if target.tensor != "x" else []
        for name in watched:
            if name not in {x.name for x in graph.output}:
                graph.output.append(helper.make_tensor_value_info(name, dtype, None))
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            rewired.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [x.name for x in proto.graph.output]
        self._target = target.tensor

    def run(self, feeds: Mapping[str, np.ndarray], corrupted: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs; one that is the target itself is the corrupted tensor."""
        names = [x for x in self._outputs if x != self._target]
        fed: object = corrupted
        if corrupted.dtype.name == "bfloat16":  # which NumPy lacks
            bits = np.ascontiguousarray(corrupted).view(np.uint16)
            fed = onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(
                bits, TensorProto.BFLOAT16
            )
        made = self._session.run(names, {**feeds, "corrupted": fed}) if names else []
        outputs = dict(zip(names, made, strict=True))
        return {x: outputs.get(x, corrupted) for x in self._outputs}


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _rename(attribute.g, old, new)


def _float16_values(proto: onnx.ModelProto) -> set[str]:
    inferred = onnx.shape_inference.infer_shapes(proto)
    found: set[str] = set()

    def walk(graph: onnx.GraphProto) -> None:
        for value in graph.value_info:
            if value.type.tensor_type.elem_type == TensorProto.FLOAT16:
                found.add(value.name)
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    walk(attribute.g)
        found.update(  # bodies have no value_info
            output
            for node in graph.node
            if any(x in found for x in node.input) and node.op_type == "Relu"
            for output in node.output
        )
        found.update(
            node.output[0]
            for node in graph.node
            if node.op_type == "Cast" and node.attribute[0].i == TensorProto.FLOAT16
        )

    walk(inferred.graph)
    walk(inferred.graph)
    return found


def _keep_rounding(graph: onnx.GraphProto, float16: set[str]) -> None:
    nodes = []
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _keep_rounding(attribute.g, float16)
        nodes.append(node)
        for name in list(node.output):
            if name in float16:
                nodes.append(helper.make_node("Identity", [name], [f"{name}_kept"]))
                for reader in graph.node:
                    for place, read in enumerate(reader.input):
                        if read == name:
                            reader.input[place] = f"{name}_kept"
    kept = [onnx.NodeProto.FromString(x.SerializeToString()) for x in nodes]
    del graph.node[:]
    graph.node.extend(kept)


@dataclass
class Checked:
    """What was compared: triples of a graph, a target and a fault, by kind of graph."""

    triples: Counter[str]
    outcomes: Counter[str]


def targets_of(model: onnxfi.Model, graph: PrecisionGraph, count: int) -> list[onnxfi.Target]:
    """Draw targets that an oracle can tell of: no weights of integer products."""
    candidates = [
        x
        for x in model.targets()
        if x.kind != "weight" or x.dtype.kind == "f" or x.dtype.name == "bfloat16"
    ]
    rng = np.random.default_rng(len(candidates))
    chosen = rng.choice(len(candidates), min(count, len(candidates)), replace=False)
    return [candidates[x] for x in sorted(chosen)]


def check_graph(seed: int, targets: int, checked: Checked) -> None:
    graph = precision_graph(seed)
    model = onnxfi.load(graph.proto)
    for target in targets_of(model, graph, targets):
        feeds, others = graph.feeds(seed), graph.feeds(seed + 1)
        plain = list(_inject(model, target, feeds, {"lanes": 1, "propagation": False}))
        for how in SETTINGS:
            assert_same(_inject(model, target, feeds, how), plain)
        for order in ((0, 1), (1, 0)):
            assert_same(_inject_beside(model, target, (feeds, others), order), plain)
        _check_oracle(graph, model, target, feeds, plain)
        for kind in {*graph.kinds}:
            checked.triples[kind] += FAULTS
        checked.triples["all"] += FAULTS
        checked.outcomes.update(x.outcome for x in plain)


def _inject(
    model: onnxfi.Model,
    target: onnxfi.Target,
    feeds: Mapping[str, np.ndarray],
    how: Mapping[str, object],
) -> Iterator[onnxfi.Injection]:
    with onnxfi.Injector(model, target, provider="cpu", threads=1, **how) as injector:  # type: ignore[arg-type]
        yield from injector.inject(
            injector.golden(feeds), BitFlip(), count=FAULTS, seed=7, metric=METRIC
        )


def _inject_beside(
    model: onnxfi.Model,
    target: onnxfi.Target,
    inputs: tuple[Mapping[str, np.ndarray], ...],
    order: tuple[int, ...],
) -> list[onnxfi.Injection]:
    """Return the injections of the first input, of a block that another input shares."""
    with onnxfi.Injector(model, target, provider="cpu", threads=1) as injector:
        goldens = [injector.golden(x) for x in inputs]
        meetings = [InjectionBatch(goldens[x], 1000 * x, range(FAULTS)) for x in order]
        blocks = injector.inject_all(meetings, BitFlip(), seed=7, metric=METRIC)
        return [x for block in blocks for x in block if x.id < FAULTS]


def _check_oracle(
    graph: PrecisionGraph,
    model: onnxfi.Model,
    target: onnxfi.Target,
    feeds: Mapping[str, np.ndarray],
    injections: list[onnxfi.Injection],
) -> None:
    oracle = Oracle(graph.proto, target)
    with onnxfi.Injector(model, target, provider="cpu", threads=1, lanes=1) as injector:
        before = injector.golden(feeds)
    golden = oracle.run(feeds, before.target)
    for injection in injections:
        faulty = oracle.run(feeds, injection.corruption.apply(before.target))
        assert injection.outputs.keys() == faulty.keys()
        if graph.exact:
            assert injection.outcome == decide_outcome(golden, faulty, METRIC), injection.id
        for name, expected in faulty.items():
            got = injection.outputs[name]
            if graph.exact:
                assert np.array_equal(got, expected, equal_nan=True), (target.tensor, injection.id)
            elif injection.outcome == "masked":
                _assert_close(golden[name], expected, graph)
            else:
                _assert_close(got, expected, graph)


def _assert_close(got: np.ndarray, expected: np.ndarray, graph: PrecisionGraph) -> None:
    """Denormals of 1e-39 have 19 bits, and a second such step has fewer."""
    tolerance = 2e-2 if "denormal" in graph.kinds else 1e-4
    finite = np.isfinite(expected)
    largest = np.abs(expected[finite]).max(initial=1e-30)
    np.testing.assert_allclose(
        got[finite], expected[finite], rtol=tolerance, atol=0.1 * tolerance * largest
    )
    assert np.array_equal(np.isnan(got), np.isnan(expected))


@pytest.mark.thorough
def test_500_triples() -> None:
    checked = Checked(Counter(), Counter())
    for seed in range(14):
        check_graph(seed, 2, checked)
    assert checked.triples["all"] >= 500
    assert set(checked.outcomes) >= {"masked", "benign", "sdc"}


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(20))
def test_20_000_triples(part: int) -> None:
    checked = Checked(Counter(), Counter())
    seed = 1000 * (part + 1)
    while checked.triples["all"] < 1000:
        check_graph(seed, 4, checked)
        seed += 1
    sys.stdout.write(f"{dict(checked.triples)} {dict(checked.outcomes)}\n")
