"""Keeping golden runs, as many as memory allows."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from onnxfi.injector.golden import Golden


class GoldenCache:
    """The golden runs that were asked for last; safe to use from several threads at once."""

    def __init__(self, memory: int) -> None:
        """Begin empty.

        Args:
            memory: bytes that the golden runs may take; the last one is kept whatever it takes.
        """
        self._memory = memory
        self._runs: OrderedDict[Hashable, Golden] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Golden]) -> Golden:
        """Return the golden run of a key, made if it is not there."""
        with self._lock:
            found = self._runs.get(key)
        golden = make() if found is None else found
        with self._lock:
            self._runs[key] = golden
            self._runs.move_to_end(key)
            # Counted again each time, since an injector adds to a golden run.
            while len(self._runs) > 1 and self._size() > self._memory:
                self._runs.popitem(last=False)
        return golden

    def _size(self) -> int:
        return sum(golden.nbytes for golden in self._runs.values())
