"""Running shards on a Dask cluster."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, cast

from onnxfi.errors import ConfigurationError, MissingExtraError

_CONNECT_SECONDS = 10
# Asking the scheduler for its workers costs a message that grows with their number.
_ASK_EVERY_SECONDS = 5.0


@contextmanager
def dask_executor(address: str) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """Give an executor of a Dask cluster, and what tells how many threads its workers have now.

    Args:
        address: of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises:
        MissingExtraError: the extra distributed is not installed.
        ConfigurationError: no scheduler answers, or a shard ended several workers in a row.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise MissingExtraError(
            "A Dask cluster needs the extra distributed: pip install 'onnxfi[distributed]'."
        ) from error
    try:
        client: Any = cast(Any, Client)(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:  # ValueError: of what is no address
        raise ConfigurationError(
            f"A Dask scheduler must answer at {address}, and none does: {error}. Start one with "
            "`dask scheduler`, and give the address that it prints."
        ) from error
    with client:
        count, asked = 0, float("-inf")

        def workers() -> int:
            nonlocal count, asked
            if time.monotonic() - asked > _ASK_EVERY_SECONDS:
                count, asked = sum(client.nthreads().values()), time.monotonic()
            return max(1, count)  # one shard waits where no worker has come yet

        try:
            yield client.get_executor(pure=False), workers
        except KilledWorker as error:
            raise ConfigurationError(
                f"The workers must outlive a shard, and several ended in a row: {error} Look into "
                "their logs; memory is a frequent reason. What is recorded stays; go on with "
                "`onnxfi campaign resume`."
            ) from error
