"""Running one stage of a split: densely, or from sparse patches in lanes."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.error_models import Corruption
from onnxfi.errors import InputError, ModelFormatError
from onnxfi.injector.rest import Rest
from onnxfi.propagation import Propagator, find_region
from onnxfi.runtime import Session
from onnxfi.surgery import Stage

# To push more sites than this share of a target costs more than to compute the whole tensors, but
# some sites cost nothing to speak of.
_MOST_PUSHED, _PUSHED_ANYWAY = 1 / 200, 2048


class StageRunner:
    """Runs a stage; safe to use from several threads at once.

    The nodes right after the targets that corruptions can be pushed through (the region) and the
    rest have a session each. A dense run is one after the other; a sparse one pushes corruptions
    through the region, and runs the rest for the lanes in which something is left of them.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
        propagation: bool,
    ) -> None:
        """Open the sessions.

        Args:
            stage: the stage.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads of each session; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` measures how many pay.
            propagation: whether to push corruptions; the rules are those of the CPU's kernels.

        Raises:
            ModelFormatError: ONNX Runtime cannot run the stage.
        """
        self._outputs = tuple(x.name or "" for x in stage.model.graph.outputs)
        self._targets = tuple(x.tensor for x in stage.targets)
        self.region = find_region(stage, propagation=propagation and provider == "cpu")
        self._propagator = Propagator(self.region)
        try:
            self._region = (
                Session(self.region.model, provider=provider, threads=threads)
                if self.region.steps
                else None
            )
            # Targets that reach no output have nothing to run after them.
            self._rest = (
                Rest(
                    self.region.rest,
                    self.region.frontier,
                    provider=provider,
                    threads=threads,
                    lanes=lanes,
                    windows=propagation,
                )
                if self.region.rest.graph.outputs
                else None
            )
        except ModelFormatError as error:
            names = " and ".join(map(repr, self._targets))
            raise ModelFormatError(
                f"What follows the target {names} must run with the target as its input. {error}"
            ) from error
        self._region_inputs = tuple(x.name or "" for x in self.region.model.graph.inputs)

    def run(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the stage densely and return all that it computes, by name.

        Args:
            values: the stage's inputs by name, maybe among others.

        Raises:
            InputError: ONNX Runtime refuses a value.
        """
        made: dict[str, np.ndarray] = {}
        if self._region is not None:
            made |= self._region.run({name: values[name] for name in self._region_inputs})
        if self._rest is not None:
            made |= self._rest.run_one({**values, **made})
        # A target that is an output itself is handed through.
        return made | {name: values[name] for name in self._outputs if name in self._targets}

    def run_corrupted(
        self,
        golden: MutableMapping[str, np.ndarray],
        corruptions: Mapping[str, Sequence[Corruption]],
    ) -> list[dict[str, np.ndarray] | None]:
        """Return the stage's outputs that differ from golden, for each of several injections.

        None in place of the outputs of an injection that ONNX Runtime refuses to run.

        Args:
            golden: the stage's inputs and all that `run` made of them, by name.
            corruptions: for each target, by name, the corruption of each injection.
        """
        count = len(next(iter(corruptions.values())))
        few = self._which_to_push(golden, corruptions, count)
        if len(few) == count:
            return self._run_pushed(golden, corruptions)
        pushed = {name: [x[i] for i in few] for name, x in corruptions.items()}
        found = dict(zip(few, self._run_pushed(golden, pushed), strict=True)) if few else {}
        return [
            found[i]
            if i in found
            else self._run_densely(golden, {name: x[i] for name, x in corruptions.items()})
            for i in range(count)
        ]

    def _which_to_push(
        self,
        golden: Mapping[str, np.ndarray],
        corruptions: Mapping[str, Sequence[Corruption]],
        count: int,
    ) -> Sequence[int]:
        few: Sequence[int] = range(count)
        if self.region.steps:
            for name, of_target in corruptions.items():
                most = max(_PUSHED_ANYWAY, golden[name].size * _MOST_PUSHED)
                few = [i for i in few if of_target[i].indices.size <= most]
        return few

    def _run_pushed(
        self,
        golden: MutableMapping[str, np.ndarray],
        corruptions: Mapping[str, Sequence[Corruption]],
    ) -> list[dict[str, np.ndarray] | None]:
        count = len(next(iter(corruptions.values())))
        pushed = self._propagator.push(corruptions, golden)
        results: list[dict[str, np.ndarray] | None] = [{} for _ in range(count)]
        for name in self.region.outputs:
            if name in pushed.patches:
                for lane, patch in pushed.patches[name].lanes(golden[name].size).items():
                    output = patch.applied(golden[name])
                    results[lane] = {**(results[lane] or {}), name: output}
        if self._rest is not None:
            frontier = {x: pushed.patches[x] for x in self.region.frontier if x in pushed.patches}
            if frontier:
                for lane, outputs in self._rest.run(golden, frontier):
                    results[lane] = (
                        None if outputs is None else {**(results[lane] or {}), **outputs}
                    )
        for lane in pushed.refused:
            results[lane] = self._run_densely(
                golden, {name: x[lane] for name, x in corruptions.items()}
            )
        return results

    def _run_densely(
        self, golden: Mapping[str, np.ndarray], corruptions: Mapping[str, Corruption]
    ) -> dict[str, np.ndarray] | None:
        corrupted = {name: x.apply(golden[name]) for name, x in corruptions.items()}
        try:
            made = self.run({**golden, **corrupted})
        except InputError:
            return None
        return {name: made[name] for name in self._outputs}
