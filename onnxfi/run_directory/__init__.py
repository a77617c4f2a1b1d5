"""Keeps a campaign on disk: configuration, manifest, records and signs of life.

The names below are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxfi.run_directory.export import export_records
    from onnxfi.run_directory.fault_export import export_faults
    from onnxfi.run_directory.file_guard import FileGuard
    from onnxfi.run_directory.heartbeat import Heartbeat, SignOfLife, read_sign_of_life
    from onnxfi.run_directory.kept_metric import forget_failure, note_failure
    from onnxfi.run_directory.record_files import about, read_file, read_records, read_shards
    from onnxfi.run_directory.run_directory import STOPPED_EARLY, RunDirectory
    from onnxfi.run_directory.schema import make_schema
    from onnxfi.run_directory.shard import Shard
    from onnxfi.run_directory.shard_records import ShardRecords

__all__ = [
    "STOPPED_EARLY",
    "FileGuard",
    "Heartbeat",
    "RunDirectory",
    "Shard",
    "ShardRecords",
    "SignOfLife",
    "about",
    "export_faults",
    "export_records",
    "forget_failure",
    "make_schema",
    "note_failure",
    "read_file",
    "read_records",
    "read_shards",
    "read_sign_of_life",
]

_HOMES = {
    "STOPPED_EARLY": "onnxfi.run_directory.run_directory",
    "FileGuard": "onnxfi.run_directory.file_guard",
    "Heartbeat": "onnxfi.run_directory.heartbeat",
    "RunDirectory": "onnxfi.run_directory.run_directory",
    "Shard": "onnxfi.run_directory.shard",
    "ShardRecords": "onnxfi.run_directory.shard_records",
    "SignOfLife": "onnxfi.run_directory.heartbeat",
    "about": "onnxfi.run_directory.record_files",
    "export_faults": "onnxfi.run_directory.fault_export",
    "export_records": "onnxfi.run_directory.export",
    "forget_failure": "onnxfi.run_directory.kept_metric",
    "make_schema": "onnxfi.run_directory.schema",
    "note_failure": "onnxfi.run_directory.kept_metric",
    "read_file": "onnxfi.run_directory.record_files",
    "read_records": "onnxfi.run_directory.record_files",
    "read_shards": "onnxfi.run_directory.record_files",
    "read_sign_of_life": "onnxfi.run_directory.heartbeat",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
