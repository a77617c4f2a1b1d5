"""Places vertices in lanes, one vertex in a row, so that no line crosses a vertex."""

from collections.abc import Sequence


def lanes_of(sources: Sequence[Sequence[int]]) -> list[int]:
    """Return the lane of each vertex.

    A vertex keeps its lane until the last vertex that reads it. Then the reader takes over the
    lowest lane that ends with it, so that chains run straight down.

    Args:
        sources: the vertices that each vertex reads, which come before it.
    """
    last = list(range(len(sources)))
    for place, read in enumerate(sources):
        for source in read:
            last[source] = place
    lanes: list[int] = []
    taken: dict[int, int] = {}  # lane: the row in which it ends
    for place, read in enumerate(sources):
        ending = [lanes[x] for x in read if last[x] == place]
        free = {lane for lane, end in taken.items() if end < place}
        lane = min(ending) if ending else min(free, default=len(taken))
        lanes.append(lane)
        taken[lane] = last[place]
    return lanes
