"""Telling masked lanes before anything runs, as long as that pays."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from onnxfi.graph import Model
from onnxfi.suffix import LanePatch, Lookahead, Values

# After so many lanes it is seen whether it pays.
_TRIED = 64
_logger = logging.getLogger("onnxfi")


class MaskedAhead:
    """Looks ahead, until that turns out to take longer than what it saves.

    Safe to use from several threads at once.
    """

    def __init__(
        self, model: Model, frontier: Sequence[str], *, seconds: Callable[[], float]
    ) -> None:
        """Find out where patches can be pushed.

        Args:
            model: what runs behind a region.
            frontier: names of its inputs that patches are for.
            seconds: measures how long a lane runs; called where patches can be pushed at all.
        """
        self._lookahead = Lookahead(model, frontier)
        self._pays = self._lookahead.goes_on
        self._seconds = seconds() if self._pays else 0.0
        self._asked, self._masked, self._spent = 0, 0, 0.0

    def find(
        self,
        goldens: Sequence[Values],
        of_lanes: Mapping[int, Mapping[str, LanePatch]],
    ) -> dict[int, str]:
        """Return the lanes that are masked, each with the tensor in which that is seen.

        Args:
            goldens: for each lane the golden frontier by name, maybe among others; of the same
                shapes in all lanes.
            of_lanes: what differs from golden, by lane and name.
        """
        if not self._pays:
            return {}
        start = time.perf_counter()
        found = self._lookahead.masked(goldens, of_lanes)
        if self._asked < _TRIED:
            first = self._asked == 0  # sessions of rules were opened
            self._asked += len(of_lanes)
            self._masked += len(found)
            self._spent += 0 if first else time.perf_counter() - start
            if self._asked >= _TRIED:
                saved = self._masked * self._seconds
                self._pays = saved > self._spent
                _logger.debug("Looking ahead took %.3g s, saved %.3g s.", self._spent, saved)
        return found
