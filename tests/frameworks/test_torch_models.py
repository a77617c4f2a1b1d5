"""Tests that the architectures have the numbers of parameters of the papers."""

import pytest

# Parameters with 1000 classes, as torchvision states them; Inception v3 without its auxiliary
# classifier, which has 3 326 696 of 27 161 264.
PARAMETERS = {
    "SqueezeNet": 1_235_496,
    "resnet50": 25_557_032,
    "densenet121": 7_978_856,
    "inception_v3": 23_834_568,
    "mobilenet_v2": 3_504_872,
}


@pytest.mark.live
@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("name", PARAMETERS)
def test_number_of_parameters_is_the_published_one(name: str) -> None:
    from tests.frameworks import torch_models

    model = getattr(torch_models, name)(classes=1000)
    assert sum(x.numel() for x in model.parameters()) == PARAMETERS[name]
