"""Tests injection ids, faults, inputs and shards."""

from collections import Counter, defaultdict
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.campaign.planning.plan import Plan

nothing: Any = object()
FEW = settings(max_examples=40, deadline=None)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    faults = draw(st.lists(st.integers(0, 15), min_size=1, max_size=4))
    inputs = draw(st.integers(1, 9))
    return Plan(
        strata=[nothing] * len(faults),
        inputs=inputs,
        faults=faults,
        inputs_per_fault=draw(st.integers(1, inputs)),
        per_round=draw(st.none() | st.integers(1, 20)),
    )


@FEW
@given(plans(), st.integers(1, 80))
def test_shards_partition_the_ids(plan: Plan, size: int) -> None:
    shards = list(plan.shards(size))
    ids = [i for shard in shards for i in range(shard.first, shard.first + shard.count)]
    assert sorted(ids) == list(range(len(plan)))
    assert len(plan) == sum(plan.faults) * plan.inputs_per_fault
    assert len(shards) == plan.shard_count(size)
    assert all(1 <= shard.count <= size for shard in shards)
    for shard in shards:
        for i in (shard.first, shard.first + shard.count - 1):
            assert plan.stratum(i) == shard.stratum
    if plan.rounds == 1:
        assert ids == sorted(ids)


@FEW
@given(plans(), st.integers(1, 80))
def test_each_round_has_its_faults_and_no_others(plan: Plan, size: int) -> None:
    for number in range(plan.rounds):
        faults: dict[int, set[int]] = defaultdict(set)
        for shard in plan.shards(size, round_index=number):
            faults[shard.stratum] |= {
                plan.fault_id(i) for i in range(shard.first, shard.first + shard.count)
            }
        for stratum, total in enumerate(plan.faults):
            per_round = plan.per_round or max(1, total)
            start = sum(plan.faults[:stratum])
            expected = range(total)[number * per_round : (number + 1) * per_round]
            assert faults[stratum] == {start + x for x in expected}
            chosen = list(plan.shards(size, round_index=number, strata={stratum}))
            assert {x.stratum for x in chosen} <= {stratum}


@FEW
@given(plans(), st.integers(1, 80))
def test_by_input_covers_each_id_once_and_agrees_with_the_plan(plan: Plan, size: int) -> None:
    for shard in plan.shards(size):
        groups = list(plan.by_input(shard))
        covered = [i for _, ids in groups for i in ids]
        assert covered == list(range(shard.first, shard.first + shard.count))
        for index, ids in groups:
            first = plan.fault_id(ids.start)
            for i in ids:
                assert plan.input_index(i) == index
                assert plan.fault_id(i) == first + i - ids.start


@FEW
@given(plans(), st.integers(1, 80))
def test_by_fault_is_by_input_in_another_order(plan: Plan, size: int) -> None:
    for shard in plan.shards(size):
        parts = list(plan.by_fault(shard))
        covered = sorted(i for _, ids in parts for i in ids)
        assert covered == list(range(shard.first, shard.first + shard.count))
        for index, ids in parts:
            first = plan.fault_id(ids.start)
            assert {plan.input_index(i) for i in ids} == {index}
            assert [plan.fault_id(i) for i in ids] == [*range(first, first + len(ids))]


def test_by_fault_few_faults_meet_many_inputs() -> None:
    plan = Plan([], inputs=40, faults=[20], inputs_per_fault=40)
    (shard,) = plan.shards(10**6)
    parts = [(index, plan.fault_id(ids.start), len(ids)) for index, ids in plan.by_fault(shard)]
    assert parts[:33] == [*((x, 0, 8) for x in range(32)), (0, 8, 8)]
    assert len(parts) == 40 * 3


@FEW
@given(plans())
def test_each_fault_meets_as_many_inputs_as_said(plan: Plan) -> None:
    met: dict[int, list[int]] = defaultdict(list)
    for i in range(len(plan)):
        met[plan.fault_id(i)].append(plan.input_index(i))
    assert sorted(met) == list(range(sum(plan.faults)))
    for inputs in met.values():
        assert len(set(inputs)) == len(inputs) == plan.inputs_per_fault
        assert set(inputs) <= set(range(plan.inputs))


@FEW
@given(plans())
def test_each_round_is_spread_evenly_over_the_inputs(plan: Plan) -> None:
    for number in range(plan.rounds):
        counts: dict[int, Counter[int]] = defaultdict(Counter)
        for shard in plan.shards(10**9, round_index=number):
            for index, ids in plan.by_input(shard):
                counts[shard.stratum][index] += len(ids)
        for of_inputs in counts.values():
            if plan.inputs % plan.inputs_per_fault == 0:  # else windows overlap
                numbers = [of_inputs[x] for x in range(plan.inputs)]
                assert max(numbers) - min(numbers) <= 1


def test_short_rounds_reach_all_inputs() -> None:
    plan = Plan(strata=[nothing], inputs=100, faults=[500], per_round=10)
    assert len({plan.input_index(i) for i in range(500)}) > 95


@FEW
@given(plans())
def test_what_is_expected_at_targets_is_their_share_of_the_longest_round(plan: Plan) -> None:
    targets: list[Any] = [("conv",), ("conv",), ("pool",), ("dense",)][: len(plan.faults)]
    strata: list[Any] = [SimpleNamespace(targets=x) for x in targets]
    named = replace(plan, strata=strata)
    for one in set(targets):
        of_rounds = [
            sum(
                x.count
                for x in named.shards(10**6, round_index=number)
                if targets[x.stratum] == one
            )
            for number in range(named.rounds)
        ]
        assert named.expected(one) == max(of_rounds)


def test_a_huge_plan_lists_nothing() -> None:
    plan = Plan(strata=[nothing] * 3, inputs=7, faults=[10**9] * 3, inputs_per_fault=3)
    assert len(plan) == 9 * 10**9
    assert plan.shard_count(500) == 3 * 6 * 10**6
    assert next(plan.shards(500)).count == 500
    (shard,) = [next(plan.shards(500, strata={2}))]
    assert (shard.first, shard.stratum) == (6 * 10**9, 2)
    assert plan.fault_id(6 * 10**9) == 2 * 10**9


@FEW
@given(plans(), st.integers(1, 80))
def test_file_names_sort_in_the_order_of_the_injections(plan: Plan, size: int) -> None:
    shards = sorted(plan.shards(size), key=lambda shard: shard.first)
    names = [shard.file_name for shard in shards]
    assert names == sorted(set(names))
