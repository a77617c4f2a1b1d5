"""Shrinks a recorded injection."""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from onnxfi.atomic_write import atomic_write
from onnxfi.campaign.replaying.replay import Exactly, Replay, Replayer
from onnxfi.campaign.shrinking.minimise import minimise
from onnxfi.error_models import Corruption, SiteList, bit_layout
from onnxfi.error_models.values import to_float64
from onnxfi.errors import InputError
from onnxfi.storage import is_address

# Steps of the bisection of the size of the changes: float32 has 24 bits of precision.
_STEPS = 24
_TEST = '''"""The smallest corruption found that makes injection {id} of a campaign {outcome}."""

from pathlib import Path

from onnxfi.campaign import replay

HERE = Path(__file__).parent


def test_injection_{id}() -> None:
    again = replay({place}, {id}, sites=HERE / {sites!r})
    assert again.injection.outcome == {outcome!r}
'''


def changed_bits(golden: np.ndarray, corruption: Corruption) -> list[int]:
    """Return the bits of each site that differ from the golden tensor, as a mask."""
    unsigned = bit_layout(golden.dtype).unsigned
    before = golden.reshape(-1)[corruption.indices].view(unsigned)
    return [int(x) for x in before ^ corruption.values.view(unsigned)]


def _flips(golden: np.ndarray, corruption: Corruption) -> list[tuple[int, int]]:
    """Return the bits that differ from the golden tensor, each with its site."""
    masks = changed_bits(golden, corruption)
    return [
        (site, bit)
        for site, mask in zip(corruption.indices.tolist(), masks, strict=True)
        for bit in range(mask.bit_length())
        if mask >> bit & 1
    ]


def _size(golden: np.ndarray, corruption: Corruption) -> tuple[int, int]:
    """Return the numbers of sites and of bits."""
    return corruption.indices.size, len(_flips(golden, corruption))


def _some_sites(corruption: Corruption, kept: Sequence[int]) -> Corruption:
    chosen = np.asarray(kept, np.int64)
    return Corruption(corruption.indices[chosen], corruption.values[chosen])


class _OutOfRunsError(Exception):
    """The runs are used up."""


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """The smallest corruption found that has the outcome of an injection.

    Attributes:
        place: the run directory.
        injection_id: the id of the injection.
        target: its target.
        outcome: its outcome.
        golden: the golden tensor.
        original: the corruption of the injection.
        corruption: the smallest corruption found: no site and no bit can be left out, if `minimal`.
        scale: the changes of `corruption` may be as small as this share of their size; None where
            they were not scaled, since the dtype is bool or one of them is not finite.
        runs: number of injections that were run.
        minimal: whether there were enough runs to try to leave out every site and bit.
    """

    place: str
    injection_id: int
    target: str
    outcome: str
    golden: np.ndarray
    original: Corruption
    corruption: Corruption
    scale: float | None
    runs: int
    minimal: bool

    def __repr__(self) -> str:
        """Return one line: the injection, and the sites before and after."""
        before, after = self.original.indices.size, self.corruption.indices.size
        return (
            f"<Shrunk injection {self.injection_id} into {self.target}: {before} to {after} sites, "
            f"{self.bits} bits, {self.outcome}>"
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the target."""
        return self.golden.shape

    @property
    def bits(self) -> int:
        """Number of bits that differ from the golden tensor."""
        return sum(x.bit_count() for x in changed_bits(self.golden, self.corruption))

    def sites(self) -> Iterator[tuple[int, float, float, list[int], float | None]]:
        """Yield each site: flat index, golden and faulty value, bits, and the smallest value.

        The smallest value is that after shrinking all changes to `scale`; None without one.
        """
        golden = to_float64(self.golden.reshape(-1)[self.corruption.indices])
        faulty = to_float64(self.corruption.values)
        masks = changed_bits(self.golden, self.corruption)
        rows = zip(self.corruption.indices.tolist(), golden, faulty, masks, strict=True)
        for site, before, after, mask in rows:
            bits = [x for x in range(mask.bit_length()) if mask >> x & 1]
            smallest = None
            if self.scale is not None:
                smallest = float(before + self.scale * (after - before))
                if np.issubdtype(self.golden.dtype, np.integer):
                    smallest = round(smallest)
            yield site, float(before), float(after), bits, smallest

    def save(self, folder: str | Path) -> tuple[Path, Path]:
        """Write the corruption as a site list, and a pytest that runs it again.

        Args:
            folder: the folder; created if it does not exist.

        Returns:
            ``injection_ID.npz``, which `SiteList.load` and ``onnxfi embed --sites`` read, and
            ``test_injection_ID.py``.

        Raises:
            InputError: the folder cannot be written.
        """
        folder = Path(folder)
        sites = folder / f"injection_{self.injection_id}.npz"
        test = folder / f"test_injection_{self.injection_id}.py"
        text = _TEST.format(
            id=self.injection_id,
            outcome=self.outcome,
            place=repr(self.place)
            if is_address(self.place)
            else f"HERE / {os.path.relpath(self.place, folder)!r}",
            sites=sites.name,
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(test) as aside:
                aside.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{folder} cannot be written: {error}.") from error
        SiteList(self.shape, (self.corruption,)).save(sites)
        return sites, test


def shrink(directory: str | Path, injection_id: int, *, budget: int = 2000) -> Shrunk:
    """Return the smallest corruption found that has the outcome of a recorded injection.

    Sites are left out first, then bits, each until none can be left out (see `minimise`). Then the
    size of the changes is bisected.

    Args:
        directory: the run directory, or its address.
        injection_id: the id of an injection that is sdc or due.
        budget: the most injections to run.

    Raises:
        ConfigurationError: the directory has no such record, or what the campaign depends on
            changed.
        InputError: the outcome is masked or benign, or the injection hits several targets.
        OnnxfiError: the injection cannot be run.
    """
    replayer = Replayer.open(directory, injection_id)
    first = replayer.run()
    _check(first, injection_id)
    search = _Search(replayer, first, budget)
    corruption, minimal = search.shrink()
    scale = search.smallest_scale(corruption) if minimal else None
    return Shrunk(
        place=str(directory),
        injection_id=injection_id,
        target=first.injection.targets[0],
        outcome=first.injection.outcome,
        golden=search.golden,
        original=first.injection.corruptions[0],
        corruption=corruption,
        scale=scale,
        runs=search.runs,
        minimal=minimal,
    )


def _check(found: Replay, injection_id: int) -> None:
    injection = found.injection
    if len(injection.targets) > 1:
        raise InputError(
            f"Injection {injection_id} hits {' & '.join(injection.targets)} together, and one "
            "target is shrunk at a time. Choose an injection of a campaign whose targets are hit "
            "one by one."
        )
    if injection.outcome not in ("sdc", "due"):
        raise InputError(
            f"Injection {injection_id} is {injection.outcome}, and only what is sdc or due can be "
            "shrunk. `onnxfi.open(DIR).worst()` and the report list such injections."
        )


class _Search:
    """Tries corruptions of one injection, and counts them."""

    def __init__(self, replayer: Replayer, first: Replay, budget: int) -> None:
        self._replayer = replayer
        self._wanted = first.injection.outcome
        self._original = first.injection.corruptions[0]
        self.golden = first.golden.targets[first.injection.targets[0]]
        self._unsigned = bit_layout(self.golden.dtype).unsigned
        self._left = budget
        self.runs = 1

    def shrink(self) -> tuple[Corruption, bool]:
        """Return the smallest corruption found, and whether all was tried."""
        smallest = self._original

        def tried(make: Callable[[Sequence[Any]], Corruption]) -> Callable[[Sequence[Any]], bool]:
            def suffices(parts: Sequence[Any]) -> bool:
                nonlocal smallest
                corruption = make(parts)
                if not self._suffices(corruption):
                    return False
                smallest = corruption
                return True

            return suffices

        try:
            size = None
            while size != _size(self.golden, smallest):  # fewer bits may make a site needless
                size, whole = _size(self.golden, smallest), smallest
                places = range(whole.indices.size)
                minimise(places, tried(partial(_some_sites, whole)))
                minimise(_flips(self.golden, smallest), tried(self._flipped))
        except _OutOfRunsError:
            return smallest, False
        return smallest, True

    def smallest_scale(self, corruption: Corruption) -> float | None:
        """Return the smallest share of the changes that has the outcome, by bisection."""
        golden = self.golden.reshape(-1)[corruption.indices]
        if golden.dtype == np.bool_:
            return None
        changes = corruption.values.astype(np.float64) - golden.astype(np.float64)
        if not np.isfinite(changes).all():
            return None
        low, high = 0.0, 1.0
        try:
            for _ in range(_STEPS):
                # Changes may span all magnitudes: in the middle of their exponents.
                middle = math.sqrt(low * high) if low else high / 2**8
                scaled = golden.astype(np.float64) + middle * changes
                if np.issubdtype(golden.dtype, np.integer):
                    scaled = np.rint(scaled)
                values = scaled.astype(golden.dtype)
                same = values.view(self._unsigned) == golden.view(self._unsigned)
                if not bool(same.all()) and self._suffices(Corruption(corruption.indices, values)):
                    high = middle
                else:
                    low = middle
                if low and high / low < 1 + 1e-3:
                    break
        except _OutOfRunsError:
            pass
        return high

    def _flipped(self, flips: Sequence[tuple[int, int]]) -> Corruption:
        masks: dict[int, int] = {}
        for site, bit in flips:
            masks[site] = masks.get(site, 0) | 1 << bit
        sites = np.array(list(masks), np.int64)
        golden = self.golden.reshape(-1)[sites].view(self._unsigned)
        values = golden ^ np.array(list(masks.values()), self._unsigned)
        return Corruption(sites, values.view(self.golden.dtype))

    def _suffices(self, corruption: Corruption) -> bool:
        if self._left <= self.runs:
            raise _OutOfRunsError
        self.runs += 1
        return self._replayer.inject(Exactly(corruption)).outcome == self._wanted
