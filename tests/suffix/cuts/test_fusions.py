"""Each fusion takes place, changes bits where a cut parts it, and is held together."""

from collections.abc import Collection, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest

import onnxfi
from onnxfi.error_models import BitFlip
from onnxfi.graph.dependencies import consumed_values
from onnxfi.suffix.cuts import held_together, may_cut
from onnxfi.suffix.cuts.held_together import FUSIONS
from onnxfi.surgery.extract import extract
from tests.suffix.cuts.fused_graphs import FUSED, Fused
from tests.support.record_checks import assert_same
from tests.support.small_graphs import random_inputs

_SILENT = 4


def optimised(proto: onnx.ModelProto, path: Path | None = None) -> onnxruntime.InferenceSession:
    """Return a session with every optimizer on; also write what it made of the graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _SILENT
    if path is not None:
        options.optimized_model_filepath = str(path)
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(proto: onnx.ModelProto, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    session = optimised(proto)
    feeds = {x.name: values[x.name] for x in session.get_inputs()}
    names = [x.name for x in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def run_in_two(
    model: onnxfi.Model, name: str, feeds: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Run a model up to a tensor, and the rest in a session of its own."""
    nodes = list(model.graph)
    count = 1 + next(n for n, x in enumerate(nodes) if x.outputs[0].name == name)
    before, after = nodes[:count], nodes[count:]

    def read(some: Collection[ir.Node]) -> set[ir.Value]:
        return {value for x in some for value in consumed_values(x)}

    cut = [x for n in before for x in n.outputs if x in read(after)]
    inputs = model.graph.inputs
    head = extract(model, [x for x in inputs if x in read(before)], cut)
    tail = extract(model, [*(x for x in inputs if x in read(after)), *cut], [*model.graph.outputs])
    made = run(ir.to_proto(head.ir_model), feeds)
    return run(ir.to_proto(tail.ir_model), {**feeds, **made})


@pytest.mark.parametrize("fused", FUSED, ids=str)
def test_onnx_runtime_fuses(fused: Fused, tmp_path: Path) -> None:
    path = tmp_path / "optimised.onnx"
    optimised(fused.proto, path)
    made = [x.op_type for x in onnx.load(path).graph.node]
    assert fused.made in made
    assert made != [x.op_type for x in fused.proto.graph.node]


@pytest.mark.parametrize("fused", [x for x in FUSED if x.differing], ids=str)
def test_a_cut_changes_bits(fused: Fused) -> None:
    model, feeds = onnxfi.load(fused.proto), random_inputs(fused.proto)
    whole = run(fused.proto, feeds)["y"].tobytes()
    assert any(run_in_two(model, x, feeds)["y"].tobytes() != whole for x in fused.differing)


@pytest.mark.parametrize("fused", FUSED, ids=str)
def test_fused_nodes_are_held_together(fused: Fused) -> None:
    graph = onnxfi.load(fused.proto).graph
    held = held_together(graph)
    assert {x.outputs[0].name for x in held} == fused.held
    for node in graph:
        assert (may_cut(node.outputs[0], held) == "no") == (node in held)


def test_every_fusion_has_a_graph() -> None:
    names = {x.__name__.split(".")[-1] for x in FUSIONS if isinstance(x, ModuleType)}
    assert names == {x.optimizer for x in FUSED}
    assert len(names) == len(FUSIONS)


@pytest.mark.thorough
@pytest.mark.parametrize("fused", FUSED, ids=str)
def test_the_same_records_with_propagation_and_without(fused: Fused) -> None:
    loaded, feeds = onnxfi.load(fused.proto), random_inputs(fused.proto)
    for target in loaded.targets(kind="activation"):
        found = []
        for propagation in (True, False):
            with onnxfi.Injector(
                *(loaded, target),
                provider="cpu",
                threads=1,
                lanes="auto" if propagation else 1,
                propagation=propagation,
            ) as injector:
                golden = injector.golden(feeds)
                injections = list(injector.inject(golden, BitFlip(), count=40))
            found.append((golden.outputs["y"].tobytes(), injections))
        assert found[0][0] == found[1][0], target.tensor
        assert_same(found[0][1], found[1][1])
