"""Runs shards on a Dask cluster."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, cast

from onnxfi.errors import ConfigurationError, MissingExtraError

# Seconds to wait for the scheduler.
_CONNECT_SECONDS = 10
# Seconds between two requests for the list of workers, a message that grows with their number.
_ASK_EVERY_SECONDS = 5.0


@contextmanager
def dask_executor(address: str) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """Yield an executor of a Dask cluster, and a function that counts its threads.

    Args:
        address: the address of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises:
        MissingExtraError: the extra distributed is not installed.
        ConfigurationError: no scheduler answers, or a shard killed several workers in a row.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise MissingExtraError(
            "A Dask cluster needs the extra distributed: pip install 'onnxfi[distributed]'."
        ) from error
    try:
        client: Any = cast(Any, Client)(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:  # ValueError: not an address
        raise ConfigurationError(
            f"No Dask scheduler answers at {address}: {error}. Start one with `dask scheduler`, "
            "and give the address that it prints."
        ) from error
    with client:
        count, asked = 0, float("-inf")

        def workers() -> int:
            nonlocal count, asked
            if time.monotonic() - asked > _ASK_EVERY_SECONDS:
                count, asked = sum(client.nthreads().values()), time.monotonic()
            return max(1, count)  # a shard waits until the first worker comes

        try:
            yield client.get_executor(pure=False), workers
        except KilledWorker as error:
            raise ConfigurationError(
                f"Several workers died in a row on the same shard (often out of memory): {error} "
                "Read their logs. Finished shards are kept; continue with "
                "`onnxfi campaign resume DIR`."
            ) from error
