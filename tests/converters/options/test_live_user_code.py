"""Tests user functions and classes that live Keras saves; needs the extra ``keras``."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from onnxfi.converters import convert
from onnxfi.errors import UnsupportedLayerError

pytestmark = [
    pytest.mark.live,
    pytest.mark.usefixtures("live"),
    pytest.mark.filterwarnings("ignore"),  # Keras warns about its older format
]

HOLDERS = {
    "dense": lambda k, f: k.layers.Dense(3, activation=f),
    "conv": lambda k, f: k.layers.Conv1D(3, 2, activation=f),
    "activation": lambda k, f: k.layers.Activation(f),
    "gates": lambda k, f: k.layers.LSTM(3, recurrent_activation=f),
    "cell": lambda k, f: k.layers.RNN(k.layers.GRUCell(3, activation=f)),
    "wrapped": lambda k, f: k.layers.TimeDistributed(k.layers.Dense(3, activation=f)),
}


def bent(x: Any) -> Any:
    """Return a function of x that Keras does not have."""
    return x * x


@pytest.mark.parametrize("family", ["keras", "tf_keras"])
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_function_as_an_activation_is_refused_wherever_it_is(
    family: str, suffix: str, holder: str, tmp_path: Path
) -> None:
    keras = importlib.import_module(family)
    for function in (lambda x: x * x, bent):
        inputs = keras.Input((5, 4))
        path = tmp_path / f"model{suffix}"
        keras.Model(inputs, HOLDERS[holder](keras, function)(inputs)).save(path)
        with pytest.raises(UnsupportedLayerError, match="activation") as caught:
            convert(path)
        assert not {"damaged", "tf2onnx"} & set(str(caught.value).split())


@pytest.mark.parametrize("family", ["keras", "tf_keras"])
def test_a_class_of_the_users_is_not_taken_for_the_one_of_its_name(
    family: str, tmp_path: Path
) -> None:
    keras: Any = importlib.import_module(family)

    class Dense(keras.layers.Dense):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs)

    inputs = keras.Input((4,))
    path = tmp_path / "model.keras"
    keras.Model(inputs, Dense(3)(inputs)).save(path)
    with pytest.raises(UnsupportedLayerError, match=">Dense' holds code"):
        convert(path)


@pytest.mark.parametrize("family", ["keras", "tf_keras"])
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_function_that_only_training_runs_does_not_matter(
    family: str, suffix: str, tmp_path: Path
) -> None:
    keras = importlib.import_module(family)
    inputs = keras.Input((4,))
    path = tmp_path / f"model{suffix}"
    options = {"kernel_regularizer": bent, "kernel_constraint": bent}
    keras.Model(inputs, keras.layers.Dense(3, **options)(inputs)).save(path)
    convert(path)
