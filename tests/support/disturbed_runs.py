"""Checks of campaigns that something disturbed."""

from pathlib import Path

from onnxfi.campaign import Campaign, verify
from onnxfi.run_directory import RunDirectory, read_records


def rows_of(place: str | Path) -> str:
    """Return the records as text, in which a NaN equals a NaN."""
    return repr(read_records(place).to_pylist())


def check_kept(run: Path, *, half_written: bool = False) -> int:
    """Check that what is recorded is valid, and return its number.

    Args:
        run: the run directory.
        half_written: whether temporary files may be there.
    """
    opened = RunDirectory.open(run)
    assert not list(opened.bad_files())
    assert half_written or not [x for x in (run / "records").glob("*") if x.suffix != ".parquet"]
    found = verify(run, sample=3)
    assert found.problems == ()
    assert not found.complete
    return found.recorded


def check_resumes(run: Path, undisturbed: Path) -> None:
    """Resume a campaign; its records must be those of an undisturbed run."""
    Campaign.open(run).run()
    assert rows_of(run) == rows_of(undisturbed)
    assert verify(run, sample=3).passed


def check_one_message(stderr: str, *said: str) -> None:
    """Check that stderr has one error, without a traceback, and that it says something."""
    assert "Traceback" not in stderr
    (error,) = (line for line in stderr.splitlines() if line.startswith("Error: "))
    assert stderr.rstrip().endswith(error)
    for text in said:
        assert text in error
