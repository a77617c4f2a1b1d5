"""Opens the results of a campaign."""

from pathlib import Path

from onnxfi.campaign.replaying.replay import replay
from onnxfi.results import Results
from onnxfi.run_directory import RunDirectory


def open(path: str | Path) -> Results:
    """Open the results of a campaign, finished or not.

    Example::

        >>> results = onnxfi.open("runs/lenet")
        >>> print(results.summary())

    Args:
        path: the run directory: a folder, or an address such as ``s3://bucket/run``.

    Raises:
        ConfigurationError: the folder holds no campaign.
        MissingExtraError: the address needs the extra remote.
    """
    return Results(RunDirectory.open(path), replay=replay)
