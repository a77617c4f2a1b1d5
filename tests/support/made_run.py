"""Run directories whose records are made up."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from onnxfi.injector.metrics import Classification
from onnxfi.run_directory import make_schema
from onnxfi.run_directory.record_files import write_records
from onnxfi.storage import LocalStorage

#: A record of a bit flip in bit 30 that is masked.
RECORD: Mapping[str, Any] = {
    "target": "conv",
    "kind": "activation",
    "op_type": "Conv",
    "layer": None,
    "dtype": "float32",
    "target_bits": 4608,
    "error_model": "bitflip",
    "input_index": 0,
    "label": None,
    "pattern": None,
    "target_of_site": None,
    "value_classes": ["in_range"],
    "bit": [30],
    "indices": [0],
    "values": [1.0],
    "outcome": "masked",
    "due_reason": None,
    "correct": None,
    "golden_top1": 0,
    "top1": 0,
    "sdc5": False,
    "sdc10": False,
    "sdc20": False,
    "max_absolute_error": 0.0,
}


def make_run(
    like: Path, folder: Path, records: Sequence[Mapping[str, Any]], **configuration: Any
) -> Path:
    """Write a run directory with the manifest and the configuration of another.

    Args:
        like: the other run directory.
        folder: the folder to write to.
        records: how each record differs from `RECORD`.
        configuration: sections of the configuration to change.
    """
    rows = [
        {"injection_id": number, "fault_id": number, **RECORD, **row}
        for number, row in enumerate(records)
    ]
    return write_run(like, folder, [pa.Table.from_pylist(rows, schema=schema())], **configuration)


def schema() -> pa.Schema:
    """Return the columns of a classification campaign."""
    return make_schema(Classification().column_types)


def write_run(like: Path, folder: Path, tables: Sequence[pa.Table], **configuration: Any) -> Path:
    """Write a run directory with these records files, as `make_run` does."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(like / "manifest.json", folder)
    document = yaml.safe_load((like / "campaign.yaml").read_text()) | configuration
    (folder / "campaign.yaml").write_text(yaml.safe_dump(document))
    first = 0
    for table in tables:
        name = f"{first:012d}-{first + len(table) - 1:012d}.parquet"
        write_records(table, LocalStorage(folder), name)
        first += len(table)
    return folder
