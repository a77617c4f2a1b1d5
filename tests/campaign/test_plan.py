"""Injection ids, inputs and shards."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxfi.campaign.configuration import Targets
from onnxfi.campaign.plan import Plan, choose_targets
from onnxfi.errors import ConfigurationError, TargetNotFoundError
from onnxfi.graph import load

nothing: Any = object()


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    return Plan(
        targets=[nothing] * draw(st.integers(1, 4)),
        error_models=[nothing] * draw(st.integers(1, 3)),
        inputs=draw(st.integers(1, 30)),
        per_target=draw(st.integers(1, 60)),
    )


@given(plans(), st.integers(1, 80))
def test_shards_partition_the_ids_in_order(plan: Plan, size: int) -> None:
    shards = list(plan.shards(size))
    ids = [i for shard in shards for i in range(shard.first, shard.first + shard.count)]
    assert ids == list(range(len(plan)))
    assert all(1 <= shard.count <= size for shard in shards)
    for shard in shards:
        # Ids count through the targets, then the error models, then per_target injections.
        for i in (shard.first, shard.first + shard.count - 1):
            pair = i // plan.per_target
            assert divmod(pair, len(plan.error_models)) == (shard.target, shard.error_model)


@given(plans(), st.integers(1, 80))
def test_by_input_covers_each_id_once_and_agrees_with_input_index(plan: Plan, size: int) -> None:
    for shard in plan.shards(size):
        groups = list(plan.by_input(shard))
        covered = [i for _, ids in groups for i in ids]
        assert covered == list(range(shard.first, shard.first + shard.count))
        assert all(plan.input_index(i) == index for index, ids in groups for i in ids)
        indices = [index for index, _ in groups]
        assert indices == sorted(set(indices))  # each golden run is needed once


@given(plans())
def test_injections_are_spread_evenly_over_the_inputs(plan: Plan) -> None:
    counts = [0] * plan.inputs
    for i in range(plan.per_target):
        counts[plan.input_index(i)] += 1
    assert max(counts) - min(counts) <= 1


@given(plans(), st.integers(1, 80))
def test_file_names_sort_in_the_order_of_the_injections(plan: Plan, size: int) -> None:
    names = [shard.file_name for shard in plan.shards(size)]
    assert names == sorted(set(names))


def test_targets_must_satisfy_all_that_is_said(work: Any) -> None:
    model = load(work / "model.onnx")

    def chosen(**wanted: Any) -> list[str]:
        return [target.tensor for target in choose_targets(model, Targets(**wanted))]

    assert chosen() == [target.tensor for target in model.targets()]
    assert chosen(ops=("Gemm", "Conv")) == ["conv", "scores"]  # in the graph's order
    assert chosen(tensors=("fc", "relu")) == ["relu", "scores"]  # fc is the node of scores
    assert chosen(ops=("Gemm",), tensors=("fc", "relu")) == ["scores"]
    with pytest.raises(TargetNotFoundError, match="'conv'"):
        chosen(tensors=("convv",))
    with pytest.raises(ConfigurationError) as caught:
        chosen(ops=("Tanh",))
    assert "{kind: activation, ops: [Tanh]}" in str(caught.value)
    assert "Conv, " in str(caught.value)
