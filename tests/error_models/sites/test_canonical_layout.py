"""CanonicalLayout against NumPy's own way of moving axes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxfi.error_models.sites.canonical_layout import CanonicalLayout
from onnxfi.errors import ErrorModelError


@settings(settings.get_profile("error_models"))
@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.data())
def test_sites_are_those_of_the_moved_axes(sizes: list[int], data: st.DataObject) -> None:
    rank = len(sizes)
    axis = data.draw(st.integers(-rank, rank - 1))
    indices = np.arange(np.prod(sizes)).reshape(sizes)
    layout = CanonicalLayout.of(tuple(sizes), axis)
    if axis % rank:
        samples = np.moveaxis(indices, axis, 1).reshape(sizes[0], -1)
    else:
        samples = indices.reshape(1, -1)
    assert layout.has_channels
    assert layout.samples == len(samples)
    assert layout.shape[0] == sizes[axis]
    assert np.prod(layout.shape) == samples.shape[1]
    for sample, expected in enumerate(samples):
        sites = layout.injection_sites(np.arange(expected.size), sample=sample)
        assert sites.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("shape", "axis", "samples", "canonical"),
    [
        ((2, 16, 27, 28), 1, 2, (16, 27, 28)),
        ((2, 27, 28, 16), 3, 2, (16, 27, 28)),
        ((2, 27, 28, 16), -1, 2, (16, 27, 28)),
        ((1, 16, 5, 27, 28), 1, 1, (16, 135, 28)),
        ((1, 5, 27, 28, 16), 4, 1, (16, 135, 28)),
        ((3, 16, 27), 1, 3, (16, 1, 27)),
        ((3, 27, 16), 2, 3, (16, 1, 27)),
        ((16, 27, 28), 0, 1, (16, 27, 28)),
        ((3, 1000), 1, 3, (1000, 1, 1)),
        ((3, 1000), None, 3, (1000, 1, 1)),
        ((1000,), None, 1, (1000, 1, 1)),
        ((), None, 1, (1, 1, 1)),
    ],
)
def test_shapes(
    shape: tuple[int, ...], axis: int | None, samples: int, canonical: tuple[int, int, int]
) -> None:
    layout = CanonicalLayout.of(shape, axis)
    assert (layout.samples, layout.shape, layout.has_channels) == (samples, canonical, True)


def test_rank_3_without_channels() -> None:
    layout = CanonicalLayout.of((2, 5, 6, 7), None)
    assert not layout.has_channels
    assert (layout.samples, layout.shape) == (2, (1, 30, 7))
    assert layout.injection_sites(np.arange(3), sample=1).tolist() == [210, 211, 212]


@pytest.mark.parametrize(("shape", "axis"), [((2, 3), 2), ((2, 3), -3), ((), 0)])
def test_no_such_axis(shape: tuple[int, ...], axis: int) -> None:
    with pytest.raises(ErrorModelError, match=f"channel_axis={axis} for the shape"):
        CanonicalLayout.of(shape, axis)
