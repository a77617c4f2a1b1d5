"""Provides the golden runs of a campaign; one pass serves as many targets as memory allows."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal

import numpy as np

from onnxfi.graph import Model, Target
from onnxfi.injector import (
    Golden,
    GoldenCache,
    GoldenPass,
    Injector,
    check_inputs,
    check_repeated,
    operands_of,
)
from onnxfi.onnx_ir import ir
from onnxfi.surgery import extract, prefix_outputs, with_masks_apart

_Targets = tuple[Target, ...]
# Targets whose golden runs are kept: some workers may still be at the previous target.
_TARGETS_AT_ONCE = 2


@dataclass(frozen=True, eq=False, slots=True)
class _Before:
    """The tensors that the suffixes of some targets read, for one input."""

    values: dict[str, np.ndarray]

    @property
    def nbytes(self) -> int:
        return sum(int(getattr(x, "nbytes", 0)) for x in self.values.values())


@dataclass(eq=False, slots=True)
class _Group:
    """Targets that share a pass of each input; `shared` is None while it is closed."""

    members: Sequence[_Targets]
    outputs: Iterable[ir.Value]
    shared: GoldenPass | None = None
    passed: set[int] = field(default_factory=set)


class GoldenRuns:
    """Makes golden runs on demand, and keeps them within a budget.

    Consecutive targets share one pass of each input: as many targets as half of the budget holds
    for all inputs. Beyond that, a pass is run again. Several threads may share one object.
    """

    def __init__(
        self,
        model: Model,
        targets: Sequence[_Targets],
        *,
        inputs: int,
        memory: int,
        seed: int,
        provider: Literal["cpu", "cuda"],
        threads: int | None,
        check: Callable[[Golden, _Targets, int], None] = lambda golden, targets, index: None,
        operands: bool = False,
    ) -> None:
        """Begin without a run.

        Args:
            model: the model.
            targets: the targets that are hit together, in the order of the campaign.
            inputs: number of inputs that each of them meets.
            memory: bytes that golden runs may take; the last one is always kept.
            seed: seed of the random numbers that the model draws.
            provider: as `onnxfi.runtime.choose_provider` returns it.
            threads: intra-op threads; None lets ONNX Runtime choose.
            check: called with each golden run, its targets and the index of its input.
            operands: whether golden runs keep the operands of the targets' operators.
        """
        self._model = with_masks_apart(model)
        self._seed = seed
        self._check = check
        self._operands = operands
        self._order = list(targets)
        self._inputs = inputs
        self._share = memory // 2
        self._provider = provider
        self._threads = threads
        self._runs: GoldenCache[Golden] = GoldenCache(memory - self._share)
        self._befores: GoldenCache[_Before] = GoldenCache(self._share)
        self._group = _Group((), ())
        self._recent: deque[_Targets] = deque(maxlen=_TARGETS_AT_ONCE)
        self._lock = threading.Lock()

    def get(
        self, injector: Injector, index: int, read: Callable[[int], dict[str, np.ndarray]]
    ) -> Golden:
        """Return a golden run.

        Args:
            injector: the injector of the targets.
            index: index of the input.
            read: reads an input by its index.

        Raises:
            OnnxfiError: the input does not fit the model.
        """
        return self._get(injector, index, read, lambda golden: None)

    def _get(
        self,
        injector: Injector,
        index: int,
        read: Callable[[int], dict[str, np.ndarray]],
        compare: Callable[[Golden], None],
    ) -> Golden:
        def make() -> Golden:
            # Another thread may begin another group meanwhile, so this one is passed on.
            group = self._group_of(injector.targets)
            key = group.members[0], index
            before = self._befores.get(key, lambda: self._run_pass(group, index, read))
            golden = injector.golden_from(before.values)
            compare(golden)
            self._check(golden, injector.targets, index)
            return golden

        self._forget_others(injector.targets)
        return self._runs.get((injector.targets, index), make)

    def _forget_others(self, targets: _Targets) -> None:
        """Drop the golden runs of earlier targets, except those that threads may still use."""
        with self._lock:
            if targets in self._recent:
                return
            self._recent.append(targets)
            recent = set(self._recent)
        self._runs.keep(lambda key: isinstance(key, tuple) and key[0] in recent)

    def rehearse(
        self, injector: Injector, index: int, read: Callable[[int], dict[str, np.ndarray]]
    ) -> Golden:
        """Return the same golden run, compared with one of a separate pass.

        Raises:
            InputError: they differ.
        """
        alone = self._open(self._needed(injector.targets))
        first = injector.golden_from(self._run(alone, read(index)))

        def compare(golden: Golden) -> None:
            check_repeated(self._model, golden.values, first.values)

        return self._get(injector, index, read, compare)

    def _run_pass(
        self, group: _Group, index: int, read: Callable[[int], dict[str, np.ndarray]]
    ) -> _Before:
        with self._lock:
            if group.shared is None:
                # The outputs come first: their values are the answer, the same for all targets.
                group.shared = self._open([*self._model.graph.outputs, *group.outputs])
            shared = group.shared
        before = _Before(self._run(shared, read(index)))
        with self._lock:
            group.passed.add(index)
            if len(group.passed) == self._inputs:  # it holds all weights, and is probably done
                group.shared = None
                group.passed.clear()
        return before

    def _run(
        self, golden_pass: GoldenPass, inputs: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        return golden_pass.run(check_inputs(self._model, inputs), seed=self._seed)

    def _open(self, outputs: Iterable[ir.Value]) -> GoldenPass:
        part = extract(self._model, self._model.graph.inputs, list(dict.fromkeys(outputs)))
        return GoldenPass(part, provider=self._provider, threads=self._threads)

    def _needed(self, targets: _Targets) -> list[ir.Value]:
        """Return the values of the model that golden runs at some targets begin with."""
        kept = operands_of(self._model, targets) if self._operands else ()
        return prefix_outputs(self._model, targets, kept=kept)

    def _group_of(self, targets: _Targets) -> _Group:
        """Return the targets that share a pass: these, and as many of the next as fit."""
        with self._lock:
            if targets not in self._group.members:
                members: list[_Targets] = []
                outputs: dict[ir.Value, None] = {}
                size = self._inputs * sum(map(_size, self._model.graph.outputs))
                for one in self._order[self._order.index(targets) :]:
                    added = [x for x in self._needed(one) if x not in outputs]
                    size += self._inputs * sum(map(_size, added))
                    if members and size > self._share:
                        break
                    members.append(one)
                    outputs.update(dict.fromkeys(added))
                self._group = _Group(members, outputs)
            return self._group


def _size(value: ir.Value) -> float:
    """Return the bytes of a tensor for one input; infinite if unknown."""
    if value.is_initializer() or value.is_graph_input():  # these cost nothing extra
        return 0
    shape, dtype = value.shape, value.dtype
    if shape is None or dtype is None or any(not isinstance(x, int) for x in list(shape)[1:]):
        return float("inf")
    # Axis 0 may be symbolic: the batch.
    # The length of texts is unknown.
    size = float("inf") if dtype == ir.DataType.STRING else dtype.itemsize
    return prod(x for x in shape if isinstance(x, int)) * size
