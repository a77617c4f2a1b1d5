"""Keeping golden runs, as many as memory allows."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """What says how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """Bytes."""


T = TypeVar("T", bound=Sized)


class GoldenCache(Generic[T]):
    """What was asked for last of golden runs; safe to use from several threads at once."""

    def __init__(self, memory: int) -> None:
        """Begin empty.

        Args:
            memory: bytes that it all may take; the last one is kept whatever it takes.
        """
        self._memory = memory
        self._runs: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what a key stands for, made if it is not there."""
        with self._lock:
            found = self._runs.get(key)
        made = make() if found is None else found
        with self._lock:
            self._runs[key] = made
            self._runs.move_to_end(key)
            # Counted again each time, since an injector adds to a golden run.
            while len(self._runs) > 1 and self._size() > self._memory:
                self._runs.popitem(last=False)
        return made

    def _size(self) -> int:
        return sum(x.nbytes for x in self._runs.values())
