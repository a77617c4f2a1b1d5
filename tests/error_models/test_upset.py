"""Upsets, against cells that are inverted one by one."""

import numpy as np
import pytest

from onnxfi.error_models import Upset, load
from onnxfi.errors import ErrorModelError
from onnxfi.memory import code, number_format

GOLDEN = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)


def draw(upset: Upset, golden: np.ndarray = GOLDEN, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return upset.sample(golden, channel_axis=None, rng=rng).apply(golden)


def test_a_cell_is_a_bit_of_a_value() -> None:
    """Without a code, every cell is a bit of the tensor, and all are drawn alike."""
    seen = np.zeros((GOLDEN.size, 32), int)
    for seed in range(4000):
        flipped = draw(Upset(), seed=seed).view(np.uint32) ^ GOLDEN.view(np.uint32)
        (place,) = np.flatnonzero(flipped)
        bit = int(flipped.reshape(-1)[place]).bit_length() - 1
        assert flipped.reshape(-1)[place] == 1 << bit
        seen[place, bit] += 1
    expected = 4000 / seen.size
    assert ((seen - expected) ** 2 / expected).sum() < seen.size + 5 * np.sqrt(2 * seen.size)


@pytest.mark.parametrize("name", ["secded39", "secded72"])
def test_single_upsets_are_corrected(name: str) -> None:
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found = Upset(code=name).sample(GOLDEN, channel_axis=None, rng=rng)
        assert (found.indices.size, found.pattern) == (0, "corrected")


@pytest.mark.parametrize("detected", ["zero", "keep"])
def test_adjacent_upsets_are_detected(detected: str) -> None:
    upset = load(
        {
            "name": "upset",
            "configuration": {
                "cells": 2,
                "adjacent": True,
                "code": "secded72",
                "detected": detected,
            },
        }
    )
    patterns = set()
    for seed in range(300):
        rng = np.random.default_rng(seed)
        found = upset.sample(GOLDEN, channel_axis=None, rng=rng)
        patterns.add(found.pattern)
        if found.pattern != "detected":
            assert not found.indices.size  # across two words, both are corrected
        elif detected == "zero":
            assert {*found.values.tolist()} == {0.0}
            word = int(found.indices[0]) // 2
            assert found.indices.tolist() == [x for x in (2 * word, 2 * word + 1) if x < 21]
        else:
            assert not found.indices.size
    assert patterns == {"detected", "corrected"}


def test_interleaving_spreads_adjacent_cells() -> None:
    upset = Upset(cells=4, adjacent=True, code="secded72", interleave=4)
    golden = np.zeros(64, np.float32)  # 32 words, eight whole groups
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found = upset.sample(golden, channel_axis=None, rng=rng)
        assert (found.indices.size, found.pattern) == (0, "corrected")


@pytest.mark.parametrize("name", ["bf16", "fp16", "e4m3fn", "tf32", "int8", "posit16"])
def test_the_stored_word_is_hit(name: str) -> None:
    """Each value that changes is the decoding of a code with one inverted bit."""
    stored = number_format(name).fitted(GOLDEN)
    codes = stored.encode(GOLDEN).reshape(-1)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        found = Upset(format=name).sample(GOLDEN, channel_axis=None, rng=rng)
        (site,) = found.indices.tolist()
        flips = np.uint64(1) << np.arange(stored.bits, dtype=np.uint64)
        with np.errstate(invalid="ignore", over="ignore"):
            near = stored.decode(codes[site] ^ flips).astype(np.float32)
        assert any(np.array_equal(found.values[0], x, equal_nan=True) for x in near)


@pytest.mark.parametrize("name", ["none", "parity", "secded39", "dected"])
def test_words_decode_as_their_code_says(name: str) -> None:
    """Half of all cells are wrong, so that every verdict occurs."""
    golden, width = np.arange(40, dtype=np.uint8), 8
    upset = Upset(cells=9, code=name)
    words = code(name)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = upset.sample(golden, channel_axis=None, rng=rng)
        corrupted = found.apply(golden)
        if name == "none":
            assert np.unpackbits(corrupted ^ golden).sum() == 9
            continue
        in_word = words.data_bits // width
        for start in range(0, golden.size, in_word):
            part, before = corrupted[start : start + in_word], golden[start : start + in_word]
            flips = np.flatnonzero(np.unpackbits(part ^ before, bitorder="little")).tolist()
            zeroed = not part.any()
            assert zeroed or len(flips) <= 9 + 2


def test_the_number_of_upsets_follows_the_rate() -> None:
    golden = np.zeros(1000, np.float32)
    counts = [
        Upset(ber=1e-3).sample(golden, channel_axis=None, rng=np.random.default_rng(x)).indices.size
        for x in range(300)
    ]
    assert abs(np.mean(counts) - 32) < 5 * np.sqrt(32 / 300)
    assert not draw(Upset(ber=1e-12), golden).any()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("upset:format=bf61", "did you mean 'bf16'"),
        ("upset:code=ecc", "a code is one of none"),
        ("upset:cells=2,ber=0.1", "cells or ber, not both"),
        ("upset:cells=0", "cells must be at least 1|cells must be from 1|must be from 1 to"),
        ("upset:ber=0", "above 0 and at most 1"),
        ("upset:ber=1e-3,adjacent=true", "give cells, not ber"),
        ("upset:detected=retry", "detected must be one of zero, keep"),
        ("upset:interleave=0", "interleave must be from 1 to 1024"),
    ],
)
def test_what_makes_no_sense_is_refused(spec: str, said: str) -> None:
    with pytest.raises(ErrorModelError, match=said):
        load(spec)


def test_values_that_fit_no_word_are_refused() -> None:
    with pytest.raises(ErrorModelError, match="does not fit the 32 data bits"):
        draw(Upset(code="parity"), GOLDEN.astype(np.float64))
    with pytest.raises(ErrorModelError, match="holds floating-point numbers, and the target is"):
        draw(Upset(format="bf16"), np.zeros(3, np.int32))
