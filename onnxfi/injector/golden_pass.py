"""Runs a model without a fault up to one target, or to several in one pass."""

from collections.abc import Mapping
from functools import partial
from typing import Literal

import numpy as np

from onnxfi.graph import Model, draws_noise
from onnxfi.runtime import Session, aligned, copy_from_runtime
from onnxfi.surgery import extract, with_seeds


class GoldenPass:
    """Computes what the suffixes of some splits of a model begin with.

    No nodes are merged, so the values are the same bit by bit whichever splits share a pass.
    Safe to use from several threads at once.
    """

    def __init__(
        self,
        prefix: Model,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
    ) -> None:
        """Open the session.

        Args:
            prefix: the prefix of a split, or the part of the model that computes what
                `onnxfi.surgery.prefix_outputs` lists for several splits.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.

        Raises:
            ModelFormatError: ONNX Runtime cannot run a part of the model.
        """
        values = prefix.graph.outputs
        # Weights are the same in each golden run, and need none.
        self._weights = {
            value.name or "": aligned(np.asarray(value.const_value.numpy(), order="C"))
            for value in values
            if value.is_initializer() and value.const_value is not None
        }
        wanted = [value for value in values if value.name not in self._weights]
        self._open = partial(Session, provider=provider, threads=threads, merge=False)
        part = extract(prefix, prefix.graph.inputs, wanted) if self._weights else prefix
        # Generators of random numbers go on from run to run: each run needs a new session.
        self._drawing = part if any(map(draws_noise, part.graph)) else None
        self._session = self._open(part) if wanted and self._drawing is None else None
        self._inputs = tuple(x.name or "" for x in prefix.graph.inputs)

    def run(self, inputs: Mapping[str, np.ndarray], *, seed: int = 0) -> dict[str, np.ndarray]:
        """Return the first targets, the boundaries and the golden outputs of the splits, by name.

        Args:
            inputs: the model's inputs by name.
            seed: seed of the random numbers that the model draws. They depend on it and on the
                inputs alone.

        Raises:
            InputError: ONNX Runtime refuses the inputs.
        """
        feeds = {name: inputs[name] for name in self._inputs}
        session = self._session
        if self._drawing is not None:
            session = self._open(with_seeds(self._drawing, seed=seed, inputs=feeds))
        if session is None:
            return dict(self._weights)
        made = session.run(feeds)
        return self._weights | copy_from_runtime(made)
