"""Tests statistics against counting records one by one."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from onnxfi.statistics import Rate, summarise_records
from onnxfi.statistics.rate import ClusterSums

OUTCOMES = ("masked", "benign", "sdc", "due")
FIELDS = {31: "sign", **dict.fromkeys(range(23, 31), "exponent")}


def make_records(rows: int, *, per_fault: int = 1, seed: int = 0) -> list[dict[str, Any]]:
    """Make records of two targets, with a little of everything."""
    rng = np.random.default_rng(seed)
    records = []
    for i in range(rows):
        fault, slot = divmod(i, per_fault)
        target = "ab"[fault % 5 // 3]
        flips = [None, [], [int(fault * 7 % 32)], [3, 30]][fault % 4]
        sites = 1 if flips is None else len(flips)
        input_index = (fault + slot) % 7
        golden = input_index % 3
        records.append(
            {
                "injection_id": i,
                "fault_id": fault,
                "target": target,
                "layer": {"a": "la", "b": None}[target],
                "op_type": {"a": "Conv", "b": "Relu"}[target],
                "kind": "activation",
                "dtype": {"a": "float32", "b": "int8"}[target],
                "target_bits": {"a": 3200, "b": 80}[target],
                "error_model": ["bitflip", "zero"][fault // 5 % 2],
                "input_index": input_index,
                "label": 2 if input_index == 4 else golden,
                "pattern": [None, "single", "same_row"][fault % 3],
                "bit": flips,
                "value_classes": [str(rng.choice(["zero", "flip", "nan"])) for _ in range(sites)],
                "outcome": str(rng.choice(OUTCOMES, p=[0.4, 0.3, 0.2, 0.1])),
                "golden_top1": golden,
                "top1": int(rng.integers(3)),
                "sdc5": bool(rng.random() < 0.3),
                "max_absolute_error": 0.5,
            }
        )
        records[-1]["correct"] = records[-1]["top1"] == records[-1]["label"]
    return records


SCHEMA = pa.schema(
    [
        *((x, pa.int64()) for x in ("injection_id", "fault_id", "input_index", "label", "top1")),
        *((x, pa.string()) for x in ("target", "layer", "op_type", "kind", "dtype")),
        *((x, pa.string()) for x in ("error_model", "pattern", "outcome")),
        *((x, pa.int64()) for x in ("target_bits", "golden_top1")),
        ("bit", pa.list_(pa.int16())),
        ("value_classes", pa.list_(pa.string())),
        ("correct", pa.bool_()),
        ("sdc5", pa.bool_()),
        ("max_absolute_error", pa.float64()),
    ]
)


def parts_of(records: list[dict[str, Any]], size: int) -> list[pa.Table]:
    return [
        pa.Table.from_pylist(records[i : i + size], schema=SCHEMA)
        for i in range(0, len(records), size)
    ]


def joined_classes(record: dict[str, Any]) -> str | None:
    order = ("zero", "nan", "in_range", "out_of_range", "flip")
    return " + ".join(x for x in order if x in record["value_classes"]) or None


def single_bit(record: dict[str, Any]) -> int | None:
    bits = record["bit"]
    return bits[0] if bits is not None and len(bits) == 1 else None


def bit_field(record: dict[str, Any]) -> str | None:
    bit = single_bit(record)
    if bit is None:
        return None
    if record["dtype"] == "int8":
        return "sign" if bit == 7 else None
    return FIELDS.get(bit, "mantissa")


TARGET = ("target", "layer", "op_type", "kind", "target_bits", "error_model")
VALUES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "layer": lambda x: x["layer"],
    "operator": lambda x: x["op_type"],
    "bit": single_bit,
    "bit_field": bit_field,
    "pattern": lambda x: x["pattern"],
    "value_class": joined_classes,
    "input_class": lambda x: x["label"],
}


def key_of(grouping: str, record: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return the group of a record; None if it belongs to none."""
    if grouping == "error_model":
        return (record["error_model"],)
    if grouping == "target":
        return tuple(record[name] for name in TARGET)
    value = VALUES[grouping](record)
    return None if value is None else (value, record["error_model"])


def counts(record: dict[str, Any], name: str) -> bool:
    if name == "sdc5":
        return bool(record["sdc5"]) and record["outcome"] != "due"
    return bool(record["outcome"] == name)


@pytest.mark.parametrize(
    ("size", "per_fault", "handling"),
    [(50, 1, "exclude"), (50, 4, "keep"), (10_000, 1, "keep"), (10_000, 4, "exclude")],
)
def test_groups_are_counted_as_one_by_one(per_fault: int, size: int, handling: Any) -> None:
    records = make_records(400, per_fault=per_fault)
    found = summarise_records(
        parts_of(records, size), inputs_per_fault=per_fault, wrong_inputs=handling
    )
    wrong = [x for x in records if x["golden_top1"] != x["label"]]
    assert found.wrong_inputs.inputs == 7
    assert found.wrong_inputs.wrong == 1
    assert found.wrong_inputs.injections == len(wrong) > 0
    kept = [x for x in records if x not in wrong] if handling == "exclude" else records
    assert found.injections == len(kept)
    assert found.faults == len({x["fault_id"] for x in kept})
    assert set(found.groups) == {"target", "error_model", *VALUES}
    for grouping, groups in found.groups.items():
        expected: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for record in kept:
            if (of := key_of(grouping, record)) is not None:
                expected[of].append(record)
        if grouping in ("bit", "input_class"):
            expected = dict(sorted(expected.items(), key=lambda x: x[0][0]))
        assert [tuple(x.key.values()) for x in groups] == list(expected)
        for group, members in zip(groups, expected.values(), strict=True):
            faults: dict[int, list[dict[str, Any]]] = defaultdict(list)
            for record in members:
                faults[record["fault_id"]].append(record)
            assert (group.injections, group.faults) == (len(members), len(faults))
            for name in (*OUTCOMES, "sdc5"):
                inference, fault = group.per_inference[name], group.per_fault[name]
                assert inference.count == sum(counts(x, name) for x in members)
                assert inference.total == len(members)
                hit = sum(any(counts(x, name) for x in xs) for xs in faults.values())
                assert fault == Rate.of(hit, len(faults))
            assert group.accuracy is not None
            golden = sum(x["golden_top1"] == x["label"] for x in members)
            faulty = sum(x["correct"] for x in members)
            assert (group.accuracy.golden.count, group.accuracy.faulty.count) == (golden, faulty)
            drop = group.accuracy.drop
            assert drop.value == pytest.approx((golden - faulty) / len(members))
            assert drop.low <= drop.value <= drop.high


def test_error_models_are_never_pooled() -> None:
    """A harmless error model and a harmful one share every layer, operator, bit and class."""
    records = make_records(2000)
    for i, record in enumerate(records):
        harmful = record["error_model"] == "zero"
        record["outcome"] = "sdc" if i % 40 < (25 if harmful else 1) else "masked"
    found = summarise_records(parts_of(records, 300))
    assert set(found.groups) == {"target", "error_model", *VALUES}
    for groups in found.groups.values():
        assert {x.key["error_model"] for x in groups} == {"bitflip", "zero"}
        for group in groups:
            sdc = group.per_inference["sdc"].share
            assert sdc > 0.4 if group.key["error_model"] == "zero" else sdc < 0.1
    assert {x.error_model: x.per_inference["sdc"].share > 0.4 for x in found.network} == {
        "bitflip": False,
        "zero": True,
    }


def test_faults_are_the_same_however_the_records_come() -> None:
    records = make_records(240, per_fault=4)
    rng = np.random.default_rng(1)
    shuffled = [records[i] for i in rng.permutation(len(records))]
    # Complete only at the end, never complete (as if there were more to come), or not known.
    expected = summarise_records(parts_of(records, 60), inputs_per_fault=4)
    for wanted in (4, 5, "all"):
        found = summarise_records(parts_of(shuffled, 60), inputs_per_fault=wanted)
        assert found == expected


def test_the_network_weighs_targets_with_their_bits() -> None:
    found = summarise_records(parts_of(make_records(600), 100))
    assert [x.error_model for x in found.network] == ["bitflip", "zero"]
    for network in found.network:
        targets = [x for x in found.groups["target"] if x.key["error_model"] == network.error_model]
        assert (network.targets, network.target_bits) == (2, 3280)
        shares = {x.key["target"]: x.per_inference["sdc"].share for x in targets}
        expected = (3200 * shares["a"] + 80 * shares["b"]) / 3280
        rate = network.per_inference["sdc"]
        assert rate.share == pytest.approx(expected)
        assert 0 <= rate.low < rate.share < rate.high <= 1


def test_without_labels_there_is_no_accuracy_and_nothing_is_excluded() -> None:
    records = [x | {"label": None, "correct": None} for x in make_records(50)]
    found = summarise_records(parts_of(records, 20), wrong_inputs="exclude")
    assert found.injections == 50
    assert found.wrong_inputs.wrong is None
    assert all(x.accuracy is None for x in found.groups["target"])
    classes = [x.key["input_class"] for x in found.groups["input_class"]]
    assert classes == [0, 0, 1, 1, 2, 2]  # those of the golden answers, of two error models each


def test_no_records_add_up_to_nothing() -> None:
    found = summarise_records(parts_of(make_records(1), 1)[0:0], inputs_per_fault=3)
    assert (found.injections, found.groups, list(found.network)) == (0, {}, [])


def sums_of(hits: np.ndarray, sizes: np.ndarray) -> ClusterSums:
    return ClusterSums(
        faults=len(hits),
        hit=int((hits > 0).sum()),
        missed=int((hits < sizes).sum()),
        total=int(sizes.sum()),
        count=int(hits.sum()),
        count_squares=int((hits**2).sum()),
        products=int((hits * sizes).sum()),
        total_squares=int((sizes**2).sum()),
    )


def test_the_interval_counts_faults_where_their_inferences_are_alike() -> None:
    sizes = np.full(500, 20)
    hits = np.where(np.arange(500) < 50, 20, 0)  # a fault is wrong always or never
    rate = Rate.of_clusters(sums_of(hits, sizes))
    by_fault = Rate.of(50, 500)
    assert (rate.count, rate.total) == (1000, 10_000)
    assert (rate.low, rate.high) == pytest.approx((by_fault.low, by_fault.high), abs=2e-4)
    assert Rate.of_clusters(sums_of(0 * hits, sizes)).high == pytest.approx(Rate.of(0, 500).high)
    assert Rate.of_clusters(sums_of(sizes, sizes)).low == pytest.approx(Rate.of(500, 500).low)


def test_independent_inferences_are_as_good_as_independent_faults() -> None:
    rng = np.random.default_rng(0)
    sizes = np.full(5000, 4)
    hits = rng.binomial(4, 0.2, 5000)
    rate, plain = Rate.of_clusters(sums_of(hits, sizes)), Rate.of(int(hits.sum()), 20_000)
    assert rate.high - rate.low == pytest.approx(plain.high - plain.low, rel=0.05)
    # One fault says little, however many inputs it met.
    alone = Rate.of_clusters(sums_of(np.array([3]), np.array([4])))
    assert alone.high - alone.low > 0.7
