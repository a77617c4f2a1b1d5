"""Dropouts hand out their masks, and compute what they did."""

import onnxfi
from onnxfi.graph import is_dropout
from onnxfi.surgery import with_masks_apart
from tests.support.models.noisy_models import dropout
from tests.support.small_graphs import chain


def test_the_output_is_arithmetic_on_the_mask() -> None:
    model = onnxfi.load(dropout())
    apart = with_masks_apart(model)
    (node,) = filter(is_dropout, apart.graph)
    assert not node.outputs[0].uses()
    producer = apart.values["d"].producer()
    assert producer is not None
    assert producer.op_type == "Div"
    assert apart.values["d"].shape == model.values["d"].shape
    assert [x.name for x in apart.graph.outputs] == [x.name for x in model.graph.outputs]


def test_a_model_without_masks_stays() -> None:
    for model in (onnxfi.load(chain()), onnxfi.load(dropout(training=False))):
        assert with_masks_apart(model) is model
