"""``onnxfi shrink``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onnxfi.run_directory import read_records


def test_a_table_and_files(onnxfi: Callable[..., Any], finished: Path, tmp_path: Path) -> None:
    rows = read_records(finished).to_pylist()
    wrong = next(x for x in rows if x["outcome"] in ("sdc", "due"))
    command = ("shrink", finished, "--id", wrong["injection_id"])
    done = onnxfi(*command, "-o", tmp_path / "new")
    assert done.status == 0
    assert f"is {wrong['outcome']}. Shrunk from 1 site to 1 site and 1 bit, in" in done.stdout
    assert sorted(x.suffix for x in (tmp_path / "new").iterdir()) == [".npz", ".py"]
    assert done.stderr.count("Written: ") == 2
    document = json.loads(onnxfi(*command, "--json").stdout)
    assert (document["sites_before"], document["minimal"]) == (1, True)
    assert document["sites"][0]["golden"] != document["sites"][0]["faulty"]


def test_one_error_for_an_injection_that_is_not_there(
    onnxfi: Callable[..., Any], finished: Path
) -> None:
    done = onnxfi("shrink", finished, "--id", 10**9)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.count("Error: ") == 1
