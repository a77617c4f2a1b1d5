"""Notes in the run directory whether the metric failed."""

from collections.abc import Iterator
from contextlib import contextmanager

from onnxfi.errors import MetricError
from onnxfi.run_directory import RunDirectory, forget_failure, note_failure


@contextmanager
def noting_a_failed_metric(directory: RunDirectory) -> Iterator[None]:
    """Note in the run directory whether the metric failed, so that a mended one is taken up."""
    try:
        yield
    except MetricError as error:
        note_failure(directory.storage, str(error))
        raise MetricError(
            f"{error} Finished shards are kept. Correct the metric, then continue with "
            f"`onnxfi campaign resume {directory.place}`."
        ) from error
    forget_failure(directory.storage)
