"""Layers on images, volumes and series against what Keras computed: every layer, and faults."""

import pytest
from keras_references import check_faults, check_layers, check_outputs

from onnxfi.converters import NEWEST_OPSET, OLDEST_OPSET, convert

BOTH = (
    "series",
    "volume",
    "normalisations",
    "more_activations",
    "operations",
    "nested",
    "mixed",
    "resizing",
    "convolutional_recurrent",
    "bidirectional_images",
    "inner_axes",
)
MODELS = (
    *(f"{name}_{family}" for name in BOTH for family in ("k2", "k3")),
    "adaptive_k3",
    "augmentation_k2",
    "channels_first_k3",
    "locally_connected_k2",
)

each_model = pytest.mark.parametrize("name", MODELS)


@each_model
def test_every_layer_is_that_of_keras(references, name):
    check_layers(references / f"{name}.h5")


@each_model
@pytest.mark.parametrize("opset", [OLDEST_OPSET, NEWEST_OPSET])
def test_outputs_are_those_of_keras_at_any_batch(references, name, opset):
    check_outputs(references / f"{name}.h5", opset)


@each_model
def test_a_fault_in_each_layer_has_the_effect_that_it_has_in_keras(references, name):
    check_faults(references / f"{name}.h5")


@pytest.mark.parametrize("family", ["k2", "k3"])
@pytest.mark.parametrize("name", ["normalisations", "convolutional_recurrent"])
def test_an_archive_has_the_weights_of_the_h5(references, name, family):
    whole, archive = (convert(references / f"{name}_{family}{x}") for x in (".h5", ".keras"))
    assert whole.graph == archive.graph
