"""Running several inputs with one faulty weight as one batch."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import numpy as np

from onnxfi.errors import InputError, ModelFormatError
from onnxfi.graph import Model
from onnxfi.runtime import Session
from onnxfi.suffix.lanes.decision import (
    LARGEST_BATCH,
    MOST_LANES,
    LaneDecision,
    no_batch,
    other_bits,
    slower,
    too_large,
)
from onnxfi.suffix.trial import have_same_bits, perturbed
from onnxfi.surgery.free_batch import with_free_batch

_TIMED = 3
# So many inputs are compared on perturbed values too.
_TRIED = 4


class InputLanes:
    """Runs a model whose targets are weights: inputs that meet the same fault share a batch.

    That is done only where the graph proves that no sample meets another, and where a batch gave
    the bits of single inputs in less time. Safe to use from several threads at once.
    """

    def __init__(
        self,
        model: Model,
        weights: Collection[str],
        *,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        lanes: int | Literal["auto"],
    ) -> None:
        """Note what there is to run; no session is opened.

        Args:
            model: takes the weights as inputs.
            weights: names of the weights; all lanes share them.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads; None leaves the number to ONNX Runtime.
            lanes: the most lanes; ``auto`` takes as many as pay.
        """
        self._model = model
        self._weights = tuple(weights)
        self._inputs = tuple(x.name or "" for x in model.graph.inputs if x.name not in weights)
        self._provider = provider
        self._threads = threads
        self._wanted = lanes
        self._clock: Callable[[], float] = time.thread_time if threads == 1 else time.perf_counter
        self._batched: Session | None = None
        self._decision = LaneDecision(1, "One lane was asked for.") if lanes == 1 else None
        self._lock = threading.Lock()

    def run(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        weights: Mapping[str, np.ndarray],
        alone: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]],
    ) -> list[dict[str, np.ndarray] | None]:
        """Return the outputs of each input, None where ONNX Runtime refuses to run it.

        Args:
            goldens: for each input the golden values that the model takes, maybe among others.
            weights: the faulty weights.
            alone: runs the model on values by name.
        """
        results: list[dict[str, np.ndarray] | None] = [None] * len(goldens)
        alike: dict[object, list[int]] = {}
        for place, golden in enumerate(goldens):
            shapes = tuple(getattr(golden[name], "shape", place) for name in self._inputs)
            alike.setdefault(shapes, []).append(place)
        for places in alike.values():
            most = self._most_lanes(goldens[places[0]])
            for part in (places[x : x + most] for x in range(0, len(places), most)):
                made = self._run_part([goldens[x] for x in part], weights, alone)
                for place, outputs in zip(part, made, strict=True):
                    results[place] = outputs
        return results

    def _run_part(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        weights: Mapping[str, np.ndarray],
        alone: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]],
    ) -> Sequence[dict[str, np.ndarray] | None]:
        """Run inputs of the same shapes, not more than may share a batch."""
        several = len(goldens) > 1 and self.decide(goldens, weights, alone).lanes > 1
        if several and self._batched is not None:
            try:
                return self._together(self._batched, goldens, weights)
            except InputError:
                pass  # it is one of them
        return [_run_alone({**x, **weights}, alone) for x in goldens]

    def _together(
        self,
        session: Session,
        goldens: Sequence[Mapping[str, np.ndarray]],
        weights: Mapping[str, np.ndarray],
    ) -> list[dict[str, np.ndarray]]:
        batch = {name: np.concatenate([x[name] for x in goldens]) for name in self._inputs}
        shared = {name: weights[name] for name in self._weights}
        outputs = session.run({**batch, **shared})
        split = {name: np.split(x, len(goldens)) for name, x in outputs.items()}
        return [{name: x[lane] for name, x in split.items()} for lane in range(len(goldens))]

    def _most_lanes(self, golden: Mapping[str, np.ndarray]) -> int:
        size = sum(getattr(golden[name], "nbytes", 0) for name in self._inputs)
        most = MOST_LANES if self._wanted == "auto" else self._wanted
        return max(1, min(most, LARGEST_BATCH // max(1, size)))

    def decide(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        weights: Mapping[str, np.ndarray],
        alone: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]],
    ) -> LaneDecision:
        """Return how many inputs may share a batch; where that is not yet decided, try with some.

        Args:
            goldens: the golden values of several inputs, as `run` takes them; of the same shapes.
            weights: the faulty weights.
            alone: runs the model on values by name.
        """
        with self._lock:
            if self._decision is None:
                self._decision = self._try_lanes(goldens, weights, alone)
        return self._decision

    def _try_lanes(
        self,
        goldens: Sequence[Mapping[str, np.ndarray]],
        weights: Mapping[str, np.ndarray],
        alone: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]],
    ) -> LaneDecision:
        """Return how many lanes to use, after a comparison with single inputs."""
        for golden in goldens:
            obstacle = no_batch({name: golden[name] for name in self._inputs})
            if obstacle is not None:
                return LaneDecision(1, obstacle)
        most = self._most_lanes(goldens[0])
        if most < 2:
            return too_large()
        try:
            one_thread = self._provider != "cpu" or self._threads == 1
            freed = with_free_batch(self._model, shared=self._weights, one_thread=one_thread)
            session = Session(freed, provider=self._provider, threads=self._threads)
            times: list[tuple[float, float]] = []
            for _ in range(_TIMED):
                start = self._clock()
                self._together(session, goldens, weights)
                middle = self._clock()
                single = [alone({**x, **weights}) for x in goldens]
                times.append((middle - start, self._clock() - middle))
            # Batches of a block have any size, so some of them are compared, not this one alone.
            rng = np.random.default_rng(0)
            others = [
                {name: perturbed(x[name], rng) for name in self._inputs} for x in goldens[:_TRIED]
            ]
            tried = [*goldens, *others]
            single += [alone({**x, **weights}) for x in others]
            for count in {len(goldens), 2, 3, most // 2 + 1, most}:
                places = [x % len(tried) for x in range(-1, count - 1)]
                together = self._together(session, [tried[x] for x in places], weights)
                for place, one in zip(places, together, strict=True):
                    for name, x in one.items():
                        if not have_same_bits(x, single[place][name]):
                            return other_bits(count, name)
        except (InputError, ModelFormatError, ValueError) as error:  # or it cannot be joined
            return LaneDecision(1, str(error))
        batch, singles = (min(x) for x in zip(*times, strict=True))
        if self._wanted == "auto" and batch >= singles:
            return slower(len(goldens), batch, singles)
        self._batched = session
        return LaneDecision(most)


def _run_alone(
    values: Mapping[str, np.ndarray],
    alone: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]],
) -> dict[str, np.ndarray] | None:
    try:
        return alone(values)
    except InputError:
        return None
