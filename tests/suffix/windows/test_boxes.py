"""Boxes and sliding windows, against every element one by one."""

import itertools

import numpy as np
import pytest

from onnxfi.suffix.windows.boxes import Boxes, Sliding

SLIDINGS = [
    (kernel, stride, dilation, pad, end_pad)
    for kernel, stride, dilation in itertools.product((1, 2, 3), (1, 2, 3), (1, 2))
    for pad, end_pad in ((0, 0), (1, 0), (1, 2))
    if max(pad, end_pad) <= (kernel - 1) * dilation
]
SIZE = 11


def sliding(numbers: tuple[int, ...], *, ceil: bool = False) -> Sliding:
    kernel, stride, dilation, pad, end_pad = (np.array([x, x]) for x in numbers)
    return Sliding(kernel, stride, dilation, pad, end_pad, ceil=ceil)


def read_by(output: int, numbers: tuple[int, ...]) -> list[int]:
    """Return the elements that an output reads along one axis, beyond the image too."""
    kernel, stride, dilation, pad, _ = numbers
    return [output * stride - pad + x * dilation for x in range(kernel)]


def one_box(low: int, high: int) -> Boxes:
    return Boxes(np.array([[low, low]]), np.array([[high, high]]))


@pytest.mark.parametrize("numbers", SLIDINGS, ids=str)
def test_readers_of_each_box(numbers: tuple[int, ...]) -> None:
    outputs = range(-2 * SIZE, 2 * SIZE)
    for low, high in itertools.combinations(range(SIZE + 1), 2):
        readers = sliding(numbers).readers(one_box(low, high))
        found = [
            x for x in outputs if read_by(x, numbers)[0] < high and read_by(x, numbers)[-1] >= low
        ]
        if found:
            assert (readers.low[0, 0], readers.high[0, 1]) == (found[0], found[-1] + 1)
        else:
            assert readers.low[0, 0] >= readers.high[0, 0]


@pytest.mark.parametrize("numbers", SLIDINGS, ids=str)
def test_elements_that_each_box_reads(numbers: tuple[int, ...]) -> None:
    for low, high in itertools.combinations(range(SIZE + 1), 2):
        read = sliding(numbers).read(one_box(low, high))
        every = [x for output in range(low, high) for x in read_by(output, numbers)]
        assert (read.low[0, 0], read.high[0, 1]) == (min(every), max(every) + 1)


@pytest.mark.parametrize("numbers", SLIDINGS, ids=str)
@pytest.mark.parametrize("ceil", [False, True])
def test_number_of_outputs(numbers: tuple[int, ...], ceil: bool) -> None:
    end_pad = numbers[4]
    for length in range(7, SIZE):
        counts = sliding(numbers, ceil=ceil).output_length(np.array([length, length + 1]))
        for count, size in zip(counts.tolist(), (length, length + 1), strict=True):
            whole = [x for x in range(SIZE * 2) if read_by(x, numbers)[-1] < size + end_pad]
            beyond = read_by(len(whole) - 1, numbers)[-1] < size + end_pad - 1
            assert count == len(whole) + (ceil and beyond)


def test_grid() -> None:
    assert sliding((3, 2, 1, 0, 0)).grid(np.array([1, 4])).tolist() == [2, 8]


def test_union_and_clipping() -> None:
    boxes = Boxes(np.array([[0, 3], [-4, 2]]), np.array([[2, 5], [1, 20]]))
    other = Boxes(np.array([[1, 1], [0, 2]]), np.array([[4, 2], [1, 3]]))
    joined = boxes.union(other)
    assert joined.low.tolist() == [[0, 1], [-4, 2]]
    assert joined.high.tolist() == [[4, 5], [1, 20]]
    clipped = joined.clipped(np.array([3, 10]))
    assert clipped.low.tolist() == [[0, 1], [0, 2]]
    assert clipped.high.tolist() == [[3, 5], [1, 10]]
    assert clipped.lengths.tolist() == [[3, 4], [1, 8]]


def test_empty_boxes() -> None:
    empty = Boxes.empty(2)
    assert (empty.high <= empty.low).all()
    some = Boxes(np.array([[1, 2], [0, 0]]), np.array([[3, 4], [1, 1]]))
    assert empty.union(some).low.tolist() == some.low.tolist()
    assert empty.union(some).high.tolist() == some.high.tolist()
    assert (empty.clipped(np.array([5, 5])).lengths <= 0).all()
