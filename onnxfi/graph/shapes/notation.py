"""Writes shapes for people."""


def format_shape(shape: tuple[object, ...] | None) -> str:
    """Return a shape for people: ``(N, 3, 224, 224)``; ``?`` where it is not known."""
    if shape is None:
        return "?"
    dims = [str(x) if isinstance(x, int) else str(getattr(x, "value", x) or "?") for x in shape]
    return f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"
