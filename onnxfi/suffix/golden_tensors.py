"""Holds the tensors of a golden run, and those that phases computed from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np

#: Tensors by name.
Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class GoldenTensors:
    """The tensors of a golden run.

    Attributes:
        values: the tensors by name.
    """

    values: Tensors
    _memo: WeakKeyDictionary[object, Self] = field(
        default_factory=WeakKeyDictionary, init=False, repr=False
    )

    def recall(self, phase: object, make: Callable[[Tensors], Tensors]) -> Self:
        """Return these tensors with those that a phase needs behind it, which are computed once.

        Args:
            phase: what computes them; they are forgotten together with it.
            make: computes them from `values`, by name.
        """
        known = self._memo.get(phase)
        if known is None:
            made = type(self)({**self.values, **make(self.values)})
            known = self._memo.setdefault(phase, made)
        return known

    @property
    def nbytes(self) -> int:
        """Bytes that all tensors take; sequences of tensors have no size of their own."""
        sizes: dict[int, int] = {}
        every = [self]
        while every:
            one = every.pop()
            sizes |= {id(x): int(getattr(x, "nbytes", 0)) for x in one.values.values()}
            every += one.remembered
        return sum(sizes.values())

    @property
    def remembered(self) -> list[Self]:
        """The data that phases keep for this golden run."""
        return list(self._memo.values())
