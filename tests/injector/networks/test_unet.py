"""A U-Net: one call splits at any layer, and the result is that of Keras.

Older tools needed four hand-written sub-models for this: to the target, the skip apart, from the
target to the concatenation, and on to the end.
"""

from pathlib import Path

import numpy as np
import pytest

import onnxfi
from tests.support.small_graphs import names_of

DATA = Path(__file__).parents[2] / "converters" / "data"


def to_keras(tensor: np.ndarray, channel_axis: int | None) -> np.ndarray:
    return np.moveaxis(tensor, channel_axis, -1) if channel_axis is not None else tensor


def from_keras(tensor: np.ndarray, channel_axis: int | None) -> np.ndarray:
    return np.moveaxis(tensor, -1, channel_axis) if channel_axis is not None else tensor


def resume_like_keras(
    model: onnxfi.Model, layer: str, image: np.ndarray, indices: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Corrupt a layer's output at flat indices in the layout of Keras, and return the output."""
    (image_name,) = names_of(model.graph.inputs)
    with onnxfi.Injector(model, layer, provider="cpu") as injector:
        golden = injector.golden({image_name: image})
        axis = injector.target.channel_axis
        corrupted = np.ascontiguousarray(to_keras(golden.target, axis))
        corrupted.reshape(-1)[indices] = values
        (output,) = injector.resume(golden, from_keras(corrupted, axis)).values()
    return output


def test_every_layer_against_recorded_keras() -> None:
    recorded = np.load(DATA / "unet_corruptions.npz")
    model = onnxfi.load(DATA / "unet_k2.h5")
    tensors = {target.tensor for target in model.targets()}
    layers = [layer.path for layer in model.layers if layer.tensor in tensors]
    assert len(layers) >= 10
    effects = []
    for layer in layers:
        output = resume_like_keras(
            model,
            layer,
            recorded["input"],
            recorded[f"{layer}:indices"],
            recorded[f"{layer}:values"],
        )
        expected = recorded[f"{layer}:output"]
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5, err_msg=layer)
        effects.append(np.abs(expected - recorded["golden"]).max())
    # A corruption that changed nothing would prove nothing.
    assert sum(effect > 1e-3 for effect in effects) > 0.8 * len(effects)


@pytest.mark.live
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of TensorFlow's own imports
@pytest.mark.usefixtures("live")
def test_every_layer_against_keras_sub_models() -> None:
    import tf_keras

    converted = onnxfi.load(DATA / "unet_k2.h5")
    model = tf_keras.models.load_model(DATA / "unet_k2.h5", compile=False)
    rng = np.random.default_rng(0)
    # The last layer has nothing to run after it.
    for position, layer in enumerate(model.layers[1:-1], 1):
        # The sub-model goes on from the layer and from every earlier layer that a later one reads.
        later = set(model.layers[position + 1 :])
        cut = [
            earlier
            for earlier in model.layers[:position]
            if any(edge.outbound_layer in later for edge in earlier.outbound_nodes)
        ]
        inner = [*(x.output for x in cut), layer.output]
        image = rng.standard_normal((1, *model.input_shape[1:])).astype(np.float32)
        first_half = tf_keras.Model(model.input, inner)(image)
        values = [np.array(x) for x in (first_half if len(inner) > 1 else [first_half])]
        indices = rng.choice(values[-1].size, 3, replace=False)
        patch = rng.normal(0, 20, 3).astype(np.float32)
        values[-1].reshape(-1)[indices] = patch
        expected = np.asarray(tf_keras.Model(inner, model.output)(values))
        output = resume_like_keras(converted, layer.name, image, indices, patch)
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5, err_msg=layer.name)
