"""``onnxfi campaign replay``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from onnxfi.error_models import SiteList
from onnxfi.run_directory import read_records


def test_replay_gives_the_record_again(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    for row in read_records(finished).to_pylist()[::37]:
        out = work / "replayed"
        result = onnxfi("campaign", "replay", finished, "--id", row["injection_id"], "--out", out)
        assert (result.status, result.stderr) == (0, "")
        assert row["outcome"] in result.stdout
        golden, corrupted = (
            np.load(out / f"{x}.npz")[row["target"]] for x in ("golden", "corrupted")
        )
        (changed,) = np.nonzero(golden.view(np.uint32).ravel() != corrupted.view(np.uint32).ravel())
        assert changed.tolist() == row["indices"]
        written = corrupted.ravel()[changed].astype(np.float64)
        np.testing.assert_array_equal(written, row["values"])
        sites = SiteList.load(out / "sites_0.npz")
        assert sites.corruptions[0].apply(golden).tobytes() == corrupted.tobytes()
        before, after = (
            next(iter(np.load(out / f"{x}outputs.npz").values())) for x in ("golden_", "")
        )
        assert (before.tobytes() == after.tobytes()) == (row["outcome"] == "masked")


def test_replay_tells_when_something_else_comes_out(
    onnxfi: Callable[..., Any], work: Path, finished: Path
) -> None:
    import shutil

    import pyarrow as pa
    import pyarrow.parquet as pq

    shutil.copytree(finished, work / "run")
    file = sorted((work / "run" / "records").glob("*.parquet"))[0]
    table = pq.read_table(file)
    place = table.schema.get_field_index("outcome")
    changed = pa.array(["due"] * table.num_rows)
    pq.write_table(table.set_column(place, "outcome", changed), file)
    result = onnxfi("campaign", "replay", "run", "--id", 3)
    assert result.status == 1
    assert "outcome was due and is" in result.stderr
    document = json.loads(onnxfi("campaign", "replay", "run", "--id", 3, "--json").stdout)
    assert (document["same"], document["differences"]) == (False, ["outcome"])
    result = onnxfi("campaign", "replay", "run", "--id", 200)
    assert result.status == 2
    assert "from 0 to 199" in result.stderr
    file.unlink()
    result = onnxfi("campaign", "replay", "run", "--id", 3)
    assert result.status == 2
    assert "campaign resume" in result.stderr
