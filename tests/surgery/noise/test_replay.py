"""Noise is described, and faults that would change it are refused."""

import pytest

import onnxfi
from onnxfi.errors import InputError
from onnxfi.surgery import changed_noise, check_replayable, draws, noise_nodes, noise_note
from tests.support.models.noisy_models import normal_like, of_a_computed_shape
from tests.support.small_graphs import chain


def test_a_model_without_noise() -> None:
    model = onnxfi.load(chain())
    assert noise_nodes(model) == []
    assert draws(model) is None
    assert noise_note(model) is None
    assert changed_noise(model, [[model.target("a")]]) == [[]]


def test_noise_is_named() -> None:
    model = onnxfi.load(normal_like())
    (node,) = noise_nodes(model)
    assert draws(model) == f"The model draws random numbers: {node.name!r} (RandomNormalLike)."
    assert str(noise_note(model)).startswith(str(draws(model)))


def test_a_fault_that_changes_the_shape_of_noise_is_refused() -> None:
    model = onnxfi.load(of_a_computed_shape())
    noise = {x.tensor: changed_noise(model, [[x]])[0] for x in model.targets(include_shapes=True)}
    changing = next(name for name, texts in noise.items() if texts)
    staying = next(name for name, texts in noise.items() if not texts)
    check_replayable(model, [[model.target(staying)]])
    with pytest.raises(InputError, match=f"Faults in {changing} would change the "):
        check_replayable(model, [[model.target(staying)], [model.target(changing)]])
