"""Places that transposed convolutions and enlargements spread, one by one."""

import itertools

import numpy as np
import pytest

from onnxfi.suffix.windows.boxes import Boxes
from onnxfi.suffix.windows.spreading import Spreading

SPREADINGS = [
    (kernel, stride, dilation, pad, end_pad)
    for kernel, stride, dilation in itertools.product((1, 2, 3, 4), (1, 2, 3), (1, 2))
    for pad, end_pad in ((0, 0), (1, 0), (1, 2), (0, -1))
]
SIZE = 7


def spreading(numbers: tuple[int, ...]) -> Spreading:
    return Spreading(*(np.array([x, x]) for x in numbers))


def reached_by(place: int, numbers: tuple[int, ...]) -> list[int]:
    """Return the places of the output that a place of the input reaches along one axis."""
    kernel, stride, dilation, pad, _ = numbers
    return [place * stride - pad + x * dilation for x in range(kernel)]


def one_box(low: int, high: int) -> Boxes:
    return Boxes(np.array([[low, low]]), np.array([[high, high]]))


@pytest.mark.parametrize("numbers", SPREADINGS, ids=str)
def test_places_that_each_box_reaches(numbers: tuple[int, ...]) -> None:
    for low, high in itertools.combinations(range(SIZE + 1), 2):
        readers = spreading(numbers).readers(one_box(low, high))
        every = [x for place in range(low, high) for x in reached_by(place, numbers)]
        assert (readers.low[0, 0], readers.high[0, 1]) == (min(every), max(every) + 1)


@pytest.mark.parametrize("numbers", SPREADINGS, ids=str)
def test_places_that_reach_each_box(numbers: tuple[int, ...]) -> None:
    for low, high in itertools.combinations(range(SIZE * 2), 2):
        read = spreading(numbers).read(one_box(low, high))
        reaching = [
            x
            for x in range(-SIZE, 3 * SIZE)
            if reached_by(x, numbers)[0] < high and reached_by(x, numbers)[-1] >= low
        ]
        if reaching:
            assert (read.low[0, 0], read.high[0, 1]) == (reaching[0], reaching[-1] + 1)
        else:
            assert read.low[0, 0] >= read.high[0, 0]


@pytest.mark.parametrize("numbers", SPREADINGS, ids=str)
def test_number_of_outputs(numbers: tuple[int, ...]) -> None:
    for length in range(1, SIZE):
        last = reached_by(length - 1, numbers)[-1]
        expected = last + 1 - numbers[4]
        assert spreading(numbers).output_length(np.array([length]))[0] == expected


def test_grid() -> None:
    assert spreading((2, 2, 1, 0, 0)).grid(np.array([4, 2])).tolist() == [2, 1]
