"""Describes a tensor of the graph being built: its shape, type and layout.

Keras keeps the channels last; the image operators of ONNX expect them first, after the batch. A
`Tensor` records its layout, so that transposes are added only where an operator needs the other.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the graph being built.

    Attributes:
        name: its name in the graph.
        shape: its shape in the order of Keras, batch first; None for an unknown size.
        channels_first: whether the graph stores it with the channels moved behind the batch.
        dtype: type of its elements, such as ``float32`` or ``bool``.
        channels: axis of the channels in the order of Keras; None without channels.
        batch: whether the first axis is the batch.
    """

    name: str
    shape: tuple[int | None, ...]
    channels_first: bool = False
    dtype: str = "float32"
    channels: int | None = -1
    batch: bool = True

    def __repr__(self) -> str:
        """Return words for messages, which may show a tensor among other values."""
        return f"tensor {self.name!r} of shape {self.shape}"

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def channel_axis(self) -> int | None:
        """Axis of the channels as stored in the graph; None below rank 3 or without channels."""
        if self.rank < 3 or self.channels is None:
            return None
        return self.stored_axis(self.channels)

    @property
    def layout(self) -> str:
        """The name of the stored order of axes in the layer map."""
        return "channels_first" if self.channels_first else "source"

    def stored_axis(self, axis: int) -> int:
        """Return the stored position of an axis of Keras (negative counts from the end)."""
        axis %= self.rank
        if not self.channels_first or axis == 0:
            return axis
        return 1 if axis == self.rank - 1 else axis + 1
