"""Keeps the records of campaigns, and computes their statistics.

The names below are imported when they are first used: records can be read without a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.results.records.csv_file import write_csv
    from onnxfi.results.records.record_files import read_file, read_records, read_shards
    from onnxfi.results.records.schema import make_schema
    from onnxfi.results.records.shard import Shard
    from onnxfi.results.records.shard_records import ShardRecords
    from onnxfi.results.run_directory.heartbeat import Heartbeat, SignOfLife, read_sign_of_life
    from onnxfi.results.run_directory.kept_metric import forget_failure, note_failure
    from onnxfi.results.run_directory.run_directory import RunDirectory
    from onnxfi.results.statistics import (
        CampaignStatistics,
        Difference,
        GroupStatistics,
        MaskedAt,
        Rate,
        WeightedRate,
        WrongInputsHandling,
        summarise,
    )
    from onnxfi.results.statistics.comparison import ComparedGroup, Comparison, compare
    from onnxfi.results.statistics.descriptions import (
        describe_counts,
        describe_due,
        describe_masking,
        describe_place,
    )
    from onnxfi.results.statistics.grouping import GROUPINGS, NOT_RECORDED
    from onnxfi.results.statistics.rate import wilson

__all__ = [
    "GROUPINGS",
    "NOT_RECORDED",
    "CampaignStatistics",
    "ComparedGroup",
    "Comparison",
    "Difference",
    "GroupStatistics",
    "Heartbeat",
    "MaskedAt",
    "Rate",
    "RunDirectory",
    "Shard",
    "ShardRecords",
    "SignOfLife",
    "WeightedRate",
    "WrongInputsHandling",
    "compare",
    "describe_counts",
    "describe_due",
    "describe_masking",
    "describe_place",
    "forget_failure",
    "make_schema",
    "note_failure",
    "read_file",
    "read_records",
    "read_shards",
    "read_sign_of_life",
    "summarise",
    "wilson",
    "write_csv",
]

_HOMES = {
    "CampaignStatistics": "onnxfi.results.statistics",
    "ComparedGroup": "onnxfi.results.statistics.comparison",
    "Comparison": "onnxfi.results.statistics.comparison",
    "Difference": "onnxfi.results.statistics",
    "GROUPINGS": "onnxfi.results.statistics.grouping",
    "GroupStatistics": "onnxfi.results.statistics",
    "Heartbeat": "onnxfi.results.run_directory.heartbeat",
    "MaskedAt": "onnxfi.results.statistics",
    "NOT_RECORDED": "onnxfi.results.statistics.grouping",
    "Rate": "onnxfi.results.statistics",
    "RunDirectory": "onnxfi.results.run_directory.run_directory",
    "Shard": "onnxfi.results.records.shard",
    "ShardRecords": "onnxfi.results.records.shard_records",
    "SignOfLife": "onnxfi.results.run_directory.heartbeat",
    "WeightedRate": "onnxfi.results.statistics",
    "WrongInputsHandling": "onnxfi.results.statistics",
    "compare": "onnxfi.results.statistics.comparison",
    "describe_counts": "onnxfi.results.statistics.descriptions",
    "describe_due": "onnxfi.results.statistics.descriptions",
    "describe_masking": "onnxfi.results.statistics.descriptions",
    "describe_place": "onnxfi.results.statistics.descriptions",
    "forget_failure": "onnxfi.results.run_directory.kept_metric",
    "make_schema": "onnxfi.results.records.schema",
    "note_failure": "onnxfi.results.run_directory.kept_metric",
    "read_file": "onnxfi.results.records.record_files",
    "read_records": "onnxfi.results.records.record_files",
    "read_shards": "onnxfi.results.records.record_files",
    "read_sign_of_life": "onnxfi.results.run_directory.heartbeat",
    "summarise": "onnxfi.results.statistics",
    "wilson": "onnxfi.results.statistics.rate",
    "write_csv": "onnxfi.results.records.csv_file",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
