"""Codes, against an encoder and a decoder that work on the bits of whole words."""

from itertools import combinations

import numpy as np
import pytest

from onnxfi.errors import ErrorModelError
from onnxfi.memory import CODES, Code, code


def check_matrix(found: Code) -> np.ndarray:
    """Return the parity-check matrix: shape ``(checks, bits)``."""
    rows = max(found.check_bits, 1)
    return np.array([[x >> row & 1 for x in found.columns()] for row in range(rows)])


def encode(found: Code, data: np.ndarray) -> np.ndarray:
    """Return the word whose syndrome is 0, by solving for its check bits."""
    matrix = check_matrix(found)
    wanted = matrix[:, : found.data_bits] @ data % 2
    system = np.concatenate([matrix[:, found.data_bits :], wanted[:, np.newaxis]], axis=1)
    for column in range(found.check_bits):
        pivot = column + int(np.argmax(system[column:, column]))
        assert system[pivot, column]  # the check columns are independent
        system[[column, pivot]] = system[[pivot, column]]
        for row in range(len(system)):
            if row != column and system[row, column]:
                system[row] ^= system[column]
    return np.concatenate([data, system[: found.check_bits, -1]])


def decode(found: Code, word: np.ndarray) -> tuple[np.ndarray, bool]:
    """Decode by trying all words near by: the data bits, and whether an error is reported."""
    matrix = check_matrix(found)
    if not (matrix @ word % 2).any():
        return word[: found.data_bits], False
    reach = {"secded39": 1, "secded72": 1, "dected": 2}.get(found.name, 0)
    for distance in range(1, reach + 1):
        for chosen in combinations(range(found.bits), distance):
            near = word.copy()
            near[list(chosen)] ^= 1
            if not (matrix @ near % 2).any():
                return near[: found.data_bits], False
    return word[: found.data_bits], True


@pytest.mark.parametrize("name", ["parity", "secded39", "secded72"])
def test_words_decode_as_a_decoder_of_words_does(name: str) -> None:
    found, rng = code(name), np.random.default_rng(0)
    for errors in [1] * 10 + [2] * 20 + [3] * 20 + [4] * 10:
        data = rng.integers(0, 2, found.data_bits)
        word = encode(found, data)
        assert not (check_matrix(found) @ word % 2).any()
        chosen = sorted(rng.choice(found.bits, errors, replace=False).tolist())
        broken = word.copy()
        broken[chosen] ^= 1
        expected, reported = decode(found, broken)
        decoded = found.decode(chosen)
        assert (decoded.verdict == "detected") == reported
        assert decoded.wrong == tuple(np.flatnonzero(expected != data).tolist())


@pytest.mark.parametrize(("name", "bits"), [("secded39", 39), ("secded72", 72)])
def test_secded(name: str, bits: int) -> None:
    found = code(name)
    assert found.bits == bits
    singles = [found.decode([x]) for x in range(bits)]
    assert {x.verdict for x in singles} == {"corrected"}
    assert {x.wrong for x in singles} == {()}
    doubles = [found.decode(x) for x in combinations(range(bits), 2)]
    assert len(doubles) == bits * (bits - 1) // 2
    assert {x.verdict for x in doubles} == {"detected"}
    triples = [found.decode(x) for x in combinations(range(bits), 3)]
    verdicts = {x.verdict for x in triples}
    assert verdicts == {"miscorrected", "detected"}


def test_how_often_triple_errors_are_miscorrected() -> None:
    """An odd number of errors has a syndrome of odd weight: with 72 of 128 taken, many hit one."""
    found = code("secded72")
    triples = [found.decode(x).verdict for x in combinations(range(72), 3)]
    assert len(triples) == 59640
    assert 0.5 < triples.count("miscorrected") / len(triples) < 0.6


def test_dected() -> None:
    found = code("dected")
    assert (found.data_bits, found.bits) == (64, 79)
    for count in (1, 2):
        for errors in combinations(range(79), count):
            assert found.decode(errors) == ((), "corrected")
    assert {found.decode(x).verdict for x in combinations(range(79), 3)} == {"detected"}
    assert found.bits == len(set(found.columns()))
    word = encode(found, np.random.default_rng(1).integers(0, 2, 64))
    word[[3, 70]] ^= 1
    assert np.flatnonzero(check_matrix(found) @ word % 2).size > 0


def test_none_and_parity() -> None:
    assert code("none").decode([3, 1]) == ((1, 3), "silent")
    assert code("parity").decode([3]) == ((3,), "detected")
    assert code("parity").decode([3, 32]) == ((3,), "silent")
    assert {x.data_bits for x in CODES.values()} == {32, 64}


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(ErrorModelError, match=r"one of none, .*, got 'secdet72'.*secded72"):
        code("secdet72")
