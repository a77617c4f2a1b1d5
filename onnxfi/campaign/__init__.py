"""Plans, runs and resumes campaigns of injections.

The names below are imported when they are first used: records can be read without a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.campaign.agreement import AgreedFault, Agreement, agree
    from onnxfi.campaign.campaign import Campaign
    from onnxfi.campaign.drafting import SCHEMA_FILE, Draft, draft_campaign
    from onnxfi.campaign.importers import Translation, translate_classes, translate_tensorfi2
    from onnxfi.campaign.inputs import InputSource, read_inputs
    from onnxfi.campaign.inputs.array_file import ArrayFile
    from onnxfi.campaign.inputs.specialising import specialise
    from onnxfi.campaign.inputs.values import array_of_value
    from onnxfi.campaign.overhead import Overhead, measure_overhead
    from onnxfi.campaign.planning.expected_saving import expected_saving
    from onnxfi.campaign.planning.plan import Plan
    from onnxfi.campaign.planning.planning_note import planning_note
    from onnxfi.campaign.planning.strata import Stratum
    from onnxfi.campaign.profiling import profile
    from onnxfi.campaign.replaying.opening import open
    from onnxfi.campaign.replaying.replay import Replay, replay
    from onnxfi.campaign.replaying.verification import Verification, verify
    from onnxfi.campaign.running.cluster import dask_executor
    from onnxfi.campaign.running.estimate import estimate_seconds
    from onnxfi.campaign.running.rehearsal import try_injections
    from onnxfi.campaign.running.run_shards import ShardOutcomes
    from onnxfi.campaign.running.worker import Worker
    from onnxfi.campaign.searching.search import FoundFault, SearchResult, search
    from onnxfi.campaign.shrinking.shrink import Shrunk, shrink

__all__ = [
    "SCHEMA_FILE",
    "AgreedFault",
    "Agreement",
    "ArrayFile",
    "Campaign",
    "Draft",
    "FoundFault",
    "InputSource",
    "Overhead",
    "Plan",
    "Replay",
    "SearchResult",
    "ShardOutcomes",
    "Shrunk",
    "Stratum",
    "Translation",
    "Verification",
    "Worker",
    "agree",
    "array_of_value",
    "dask_executor",
    "draft_campaign",
    "estimate_seconds",
    "expected_saving",
    "measure_overhead",
    "open",
    "planning_note",
    "profile",
    "read_inputs",
    "replay",
    "search",
    "shrink",
    "specialise",
    "translate_classes",
    "translate_tensorfi2",
    "try_injections",
    "verify",
]

_HOMES = {
    "AgreedFault": "onnxfi.campaign.agreement",
    "Agreement": "onnxfi.campaign.agreement",
    "agree": "onnxfi.campaign.agreement",
    "open": "onnxfi.campaign.replaying.opening",
    "Verification": "onnxfi.campaign.replaying.verification",
    "verify": "onnxfi.campaign.replaying.verification",
    "ArrayFile": "onnxfi.campaign.inputs.array_file",
    "Campaign": "onnxfi.campaign.campaign",
    "Draft": "onnxfi.campaign.drafting",
    "FoundFault": "onnxfi.campaign.searching.search",
    "SearchResult": "onnxfi.campaign.searching.search",
    "search": "onnxfi.campaign.searching.search",
    "InputSource": "onnxfi.campaign.inputs",
    "Overhead": "onnxfi.campaign.overhead",
    "measure_overhead": "onnxfi.campaign.overhead",
    "Plan": "onnxfi.campaign.planning.plan",
    "expected_saving": "onnxfi.campaign.planning.expected_saving",
    "Replay": "onnxfi.campaign.replaying.replay",
    "SCHEMA_FILE": "onnxfi.campaign.drafting",
    "ShardOutcomes": "onnxfi.campaign.running.run_shards",
    "Shrunk": "onnxfi.campaign.shrinking.shrink",
    "shrink": "onnxfi.campaign.shrinking.shrink",
    "Stratum": "onnxfi.campaign.planning.strata",
    "Translation": "onnxfi.campaign.importers",
    "Worker": "onnxfi.campaign.running.worker",
    "array_of_value": "onnxfi.campaign.inputs.values",
    "dask_executor": "onnxfi.campaign.running.cluster",
    "draft_campaign": "onnxfi.campaign.drafting",
    "estimate_seconds": "onnxfi.campaign.running.estimate",
    "profile": "onnxfi.campaign.profiling",
    "read_inputs": "onnxfi.campaign.inputs",
    "replay": "onnxfi.campaign.replaying.replay",
    "specialise": "onnxfi.campaign.inputs.specialising",
    "translate_classes": "onnxfi.campaign.importers",
    "translate_tensorfi2": "onnxfi.campaign.importers",
    "try_injections": "onnxfi.campaign.running.rehearsal",
    "planning_note": "onnxfi.campaign.planning.planning_note",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
