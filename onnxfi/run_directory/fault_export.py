"""Exports the faults of a campaign as a list that other tools and onnxfi run."""

import csv
import io
from pathlib import Path
from typing import IO, Any

from onnxfi.atomic_write import atomic_write
from onnxfi.errors import ConfigurationError
from onnxfi.run_directory.record_files import read_shards

_HEADER = (
    *("Injection", "Layer", "TensorIndex", "Bit"),
    *("n_injections", "masked", "non_critical", "critical"),
)
_COLUMN = {"masked": "masked", "benign": "non_critical", "sdc": "critical", "due": "critical"}


def export_faults(directory: str | Path, out: Path | IO[bytes]) -> int:
    """Write one CSV row for each fault of a run directory, and return their number.

    Layer is the tensor, TensorIndex the flat index; critical counts sdc and due.

    Args:
        directory: the run directory, or its address.
        out: the file to write: a path, or an open binary file.

    Raises:
        ConfigurationError: the directory holds no records, a fault is not one flipped bit, or the
            file cannot be written.
    """
    faults: dict[int, dict[str, Any]] = {}
    columns = ["fault_id", "target", "indices", "bit", "outcome"]
    for table in read_shards(directory, columns):
        for record in table.to_pylist():
            fault = record["fault_id"]
            if len(record["indices"]) != 1 or record["bit"] is None or None in record["bit"]:
                raise ConfigurationError(
                    f"Fault {fault} of {record['target']!r} is no single bit flip. A fault list "
                    "holds one index and one bit for each fault; export the records instead, "
                    "without --faults."
                )
            if fault not in faults:
                first = (fault, record["target"], record["indices"][0], record["bit"][0])
                faults[fault] = dict(zip(_HEADER, (*first, 0, 0, 0, 0), strict=True))
            faults[fault]["n_injections"] += 1
            faults[fault][_COLUMN[record["outcome"]]] += 1
    text = io.StringIO()
    writer = csv.DictWriter(text, _HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(faults[x] for x in sorted(faults))
    content = text.getvalue().encode()
    if not isinstance(out, Path):
        out.write(content)
        return len(faults)
    try:
        with atomic_write(out) as aside:
            aside.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error}.") from error
    return len(faults)
