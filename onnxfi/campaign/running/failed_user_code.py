"""Says how a campaign continues after code of the user failed."""

from collections.abc import Iterator
from contextlib import contextmanager

from onnxfi.errors import ErrorModelError, MetricError
from onnxfi.run_directory import RunDirectory, forget_failure, note_failure


@contextmanager
def noting_failed_user_code(directory: RunDirectory) -> Iterator[None]:
    """Add to the errors of metrics and error models how the campaign continues.

    A failure of the metric is noted in the run directory, so that a mended one is taken up.
    """
    try:
        yield
    except MetricError as error:
        note_failure(directory.storage, str(error))
        raise MetricError(_continued(error, "metric", directory)) from error
    except ErrorModelError as error:
        if not directory.files():
            raise
        raise ErrorModelError(_continued(error, "error model", directory)) from error
    forget_failure(directory.storage)


def _continued(error: Exception, code: str, directory: RunDirectory) -> str:
    return (
        f"{str(error).removesuffix('.')}. Finished shards are kept. Correct the {code}, then "
        f"continue with `onnxfi campaign resume {directory.place}`."
    )
