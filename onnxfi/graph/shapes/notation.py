"""Writes shapes for people."""

from onnxfi.display import shorten


def format_shape(shape: tuple[object, ...] | None) -> str:
    """Return a shape for people: ``(N, 3, 224, 224)``; ``?`` where it is not known.

    Long formulas of symbolic lengths are shortened in the middle.
    """
    if shape is None:
        return "?"
    dims = [str(x) if isinstance(x, int) else shorten(getattr(x, "value", x) or "?") for x in shape]
    return f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"
