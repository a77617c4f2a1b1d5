"""Keeps golden runs, as many as memory allows."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """An object that reports how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """Bytes."""


T = TypeVar("T", bound=Sized)


class GoldenCache(Generic[T]):
    """The most recently used golden runs; safe to use from several threads at once."""

    def __init__(self, memory: int) -> None:
        """Begin empty.

        Args:
            memory: bytes that it all may take; the last one is kept whatever it takes.
        """
        self._memory = memory
        self._runs: OrderedDict[Hashable, T] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._making: dict[Hashable, threading.Lock] = {}
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what a key stands for, made if it is not there.

        Of threads that ask for the same at once one makes it, and the others wait.
        """
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                found = self._runs.get(key)
            made = make() if found is None else found
            with self._lock:
                self._making.pop(key, None)
                self._hold(key, made)
        return made

    def keep(self, wanted: Callable[[Hashable], bool]) -> None:
        """Let go of what stands for other keys than those wanted."""
        with self._lock:
            for key in [x for x in self._runs if not wanted(x)]:
                del self._runs[key]
                self._total -= self._sizes.pop(key)

    def _hold(self, key: Hashable, made: T) -> None:
        if self._runs:  # an injector may have added to it since it was asked for
            self._measure(next(reversed(self._runs)))
        self._runs[key] = made
        self._runs.move_to_end(key)
        self._measure(key)
        while len(self._runs) > 1 and self._total > self._memory:
            oldest, _ = self._runs.popitem(last=False)
            self._total -= self._sizes.pop(oldest)

    def _measure(self, key: Hashable) -> None:
        size = self._runs[key].nbytes
        self._total += size - self._sizes.get(key, 0)
        self._sizes[key] = size
