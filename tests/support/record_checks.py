"""Comparing injections of one way of running with those of another."""

from collections.abc import Iterable

import numpy as np

import onnxfi


def assert_same(got: Iterable[onnxfi.Injection], expected: Iterable[onnxfi.Injection]) -> None:
    """All bits count but a NaN's: which one comes of two depends on its place in a vector."""
    for one, other in zip(got, expected, strict=True):
        assert one.corruptions == other.corruptions
        assert one.outcome == other.outcome
        assert one.outputs.keys() == other.outputs.keys()
        for name, array in other.outputs.items():
            nans = np.isnan(array)
            assert np.array_equal(np.isnan(one.outputs[name]), nans)
            assert one.outputs[name][~nans].tobytes() == array[~nans].tobytes(), (name, one.id)
