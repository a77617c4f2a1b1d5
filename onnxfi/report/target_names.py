"""Names targets, the same in figures and in tables."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


def target_names(keys: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return a name for each target: its layer; its tensor where a layer has several targets.

    Args:
        keys: mappings with ``target`` and ``layer``; the names come in their order.
    """
    layers: dict[str, str | None] = {key["target"]: key["layer"] for key in keys}
    known = Counter(layers.values())
    return {
        target: layer if layer and known[layer] == 1 else target for target, layer in layers.items()
    }
