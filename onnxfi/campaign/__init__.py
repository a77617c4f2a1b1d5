"""Plans, runs, records and resumes campaigns of injections.

The names below are imported when they are first used: records can be read without a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.campaign.campaign import Campaign
    from onnxfi.campaign.configuration import (
        Configuration,
        Excluded,
        Inputs,
        InputTensor,
        Labels,
        Targets,
    )
    from onnxfi.campaign.configuration.inputs import is_plain
    from onnxfi.campaign.configuration.yaml_text import load_yaml
    from onnxfi.campaign.importers import Translation, translate_classes, translate_tensorfi2
    from onnxfi.campaign.inputs import InputSource, read_inputs
    from onnxfi.campaign.inputs.array_file import ArrayFile
    from onnxfi.campaign.inputs.files import sample_files
    from onnxfi.campaign.inputs.specialising import specialise
    from onnxfi.campaign.inputs.values import array_of_value
    from onnxfi.campaign.planning.plan import Plan
    from onnxfi.campaign.planning.shard import Shard
    from onnxfi.campaign.planning.strata import Stratum
    from onnxfi.campaign.profiling import profile
    from onnxfi.campaign.records.csv_file import write_csv
    from onnxfi.campaign.records.record_files import read_records, read_shards
    from onnxfi.campaign.records.schema import make_schema
    from onnxfi.campaign.run_directory.heartbeat import SignOfLife, read_sign_of_life
    from onnxfi.campaign.run_directory.run_directory import RunDirectory
    from onnxfi.campaign.running.cluster import dask_executor
    from onnxfi.campaign.running.estimate import estimate_seconds
    from onnxfi.campaign.running.rehearsal import try_injections
    from onnxfi.campaign.running.replay import Replay, replay
    from onnxfi.campaign.running.rounds import STOPPED_EARLY
    from onnxfi.campaign.running.run_shards import ShardOutcomes
    from onnxfi.campaign.running.worker import Worker
    from onnxfi.campaign.statistics import (
        CampaignStatistics,
        Difference,
        GroupStatistics,
        MaskedAt,
        Rate,
        WeightedRate,
        WrongInputsHandling,
        summarise,
    )
    from onnxfi.campaign.statistics.comparison import ComparedGroup, Comparison, compare
    from onnxfi.campaign.statistics.descriptions import (
        describe_counts,
        describe_due,
        describe_masking,
        describe_place,
    )
    from onnxfi.campaign.statistics.grouping import GROUPINGS, NOT_RECORDED
    from onnxfi.campaign.storage import is_address

__all__ = [
    "GROUPINGS",
    "NOT_RECORDED",
    "STOPPED_EARLY",
    "ArrayFile",
    "Campaign",
    "CampaignStatistics",
    "ComparedGroup",
    "Comparison",
    "Configuration",
    "Difference",
    "Excluded",
    "GroupStatistics",
    "InputSource",
    "InputTensor",
    "Inputs",
    "Labels",
    "MaskedAt",
    "Plan",
    "Rate",
    "Replay",
    "RunDirectory",
    "Shard",
    "ShardOutcomes",
    "SignOfLife",
    "Stratum",
    "Targets",
    "Translation",
    "WeightedRate",
    "Worker",
    "WrongInputsHandling",
    "array_of_value",
    "compare",
    "dask_executor",
    "describe_counts",
    "describe_due",
    "describe_masking",
    "describe_place",
    "estimate_seconds",
    "is_address",
    "is_plain",
    "load_yaml",
    "make_schema",
    "profile",
    "read_inputs",
    "read_records",
    "read_shards",
    "read_sign_of_life",
    "replay",
    "sample_files",
    "specialise",
    "summarise",
    "translate_classes",
    "translate_tensorfi2",
    "try_injections",
    "write_csv",
]

_HOMES = {
    "ArrayFile": "onnxfi.campaign.inputs.array_file",
    "Campaign": "onnxfi.campaign.campaign",
    "CampaignStatistics": "onnxfi.campaign.statistics",
    "ComparedGroup": "onnxfi.campaign.statistics.comparison",
    "Comparison": "onnxfi.campaign.statistics.comparison",
    "Configuration": "onnxfi.campaign.configuration",
    "Difference": "onnxfi.campaign.statistics",
    "Excluded": "onnxfi.campaign.configuration",
    "GROUPINGS": "onnxfi.campaign.statistics.grouping",
    "GroupStatistics": "onnxfi.campaign.statistics",
    "InputSource": "onnxfi.campaign.inputs",
    "InputTensor": "onnxfi.campaign.configuration",
    "Inputs": "onnxfi.campaign.configuration",
    "Labels": "onnxfi.campaign.configuration",
    "MaskedAt": "onnxfi.campaign.statistics",
    "NOT_RECORDED": "onnxfi.campaign.statistics.grouping",
    "Plan": "onnxfi.campaign.planning.plan",
    "Rate": "onnxfi.campaign.statistics",
    "Replay": "onnxfi.campaign.running.replay",
    "RunDirectory": "onnxfi.campaign.run_directory.run_directory",
    "STOPPED_EARLY": "onnxfi.campaign.running.rounds",
    "Shard": "onnxfi.campaign.planning.shard",
    "ShardOutcomes": "onnxfi.campaign.running.run_shards",
    "SignOfLife": "onnxfi.campaign.run_directory.heartbeat",
    "Stratum": "onnxfi.campaign.planning.strata",
    "Targets": "onnxfi.campaign.configuration",
    "Translation": "onnxfi.campaign.importers",
    "WeightedRate": "onnxfi.campaign.statistics",
    "Worker": "onnxfi.campaign.running.worker",
    "WrongInputsHandling": "onnxfi.campaign.statistics",
    "array_of_value": "onnxfi.campaign.inputs.values",
    "compare": "onnxfi.campaign.statistics.comparison",
    "dask_executor": "onnxfi.campaign.running.cluster",
    "describe_counts": "onnxfi.campaign.statistics.descriptions",
    "describe_due": "onnxfi.campaign.statistics.descriptions",
    "describe_masking": "onnxfi.campaign.statistics.descriptions",
    "describe_place": "onnxfi.campaign.statistics.descriptions",
    "estimate_seconds": "onnxfi.campaign.running.estimate",
    "is_address": "onnxfi.campaign.storage",
    "is_plain": "onnxfi.campaign.configuration.inputs",
    "load_yaml": "onnxfi.campaign.configuration.yaml_text",
    "make_schema": "onnxfi.campaign.records.schema",
    "profile": "onnxfi.campaign.profiling",
    "read_inputs": "onnxfi.campaign.inputs",
    "read_records": "onnxfi.campaign.records.record_files",
    "read_shards": "onnxfi.campaign.records.record_files",
    "read_sign_of_life": "onnxfi.campaign.run_directory.heartbeat",
    "replay": "onnxfi.campaign.running.replay",
    "sample_files": "onnxfi.campaign.inputs.files",
    "specialise": "onnxfi.campaign.inputs.specialising",
    "summarise": "onnxfi.campaign.statistics",
    "translate_classes": "onnxfi.campaign.importers",
    "translate_tensorfi2": "onnxfi.campaign.importers",
    "try_injections": "onnxfi.campaign.running.rehearsal",
    "write_csv": "onnxfi.campaign.records.csv_file",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
