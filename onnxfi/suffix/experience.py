"""Remembers what trials at one target of a model found, so that later trials are short."""

from typing import Self

from onnxfi.graph import Model


class Experience:
    """The results of trials at the targets of one model, which shorten later trials.

    Attributes:
        window_work: the work up to which windows paid at the last target that tried them; None
            where they did not pay.
        checkpoint_paid: whether a checkpoint paid at the last target that looked for one; None
            before that.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.window_work: float | None = None
        self.checkpoint_paid: bool | None = None

    @classmethod
    def with_model(cls, model: Model, *, provider: str, threads: int | None) -> Self:
        """Return the experience with a model, which is kept with it.

        Args:
            model: the model.
            provider: where it runs.
            threads: intra-op threads of its sessions.
        """
        found = model.notes.setdefault((cls, provider, threads), cls())
        assert isinstance(found, cls), "The key names the class."
        return found
