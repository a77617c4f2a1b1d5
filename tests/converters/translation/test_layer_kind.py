"""Tests the rows of the layer table, and the functions that make them."""

from onnxfi.converters.options.known import layer_options
from onnxfi.converters.translation.graph_builder import GraphBuilder
from onnxfi.converters.translation.layer_call import LayerCall, LayerResult, Options
from onnxfi.converters.translation.layer_kind import (
    LayerKind,
    MaskRule,
    operation,
    over_axes,
    rows,
)


def translate(call: LayerCall, graph: GraphBuilder) -> LayerResult:
    """Translate nothing."""
    raise NotImplementedError


KIND = LayerKind(translate=translate, options=layer_options("units"))


def test_a_rule_of_keras_2_applies_to_keras_2_alone() -> None:
    kind = LayerKind(
        translate=translate,
        options=layer_options(),
        mask=MaskRule.SHARED,
        mask_in_keras_2=MaskRule.LOST,
    )
    assert kind.mask_rule(2) is MaskRule.LOST
    assert kind.mask_rule(3) is MaskRule.SHARED
    assert KIND.mask_rule(2) is KIND.mask_rule(3) is MaskRule.LOST


def test_a_row_has_no_weights_unless_it_lists_them() -> None:
    assert KIND.weights(Options("layer", "Dense", {}, 3)) == ()


def test_every_layer_reads_its_dtype_and_operations_do_not() -> None:
    assert KIND.options.read == ("dtype", "name", "units")
    assert operation(translate, "axis").options.read == ("name", "axis")


def test_an_idle_option_is_not_read() -> None:
    options = layer_options(idle={"dtype": "the inputs decide"})
    assert options.read == ("name",)
    assert {"dtype", "trainable"} <= set(options.idle)


def test_rows_of_several_classes() -> None:
    assert list(over_axes("Conv{}Transpose", KIND, axes=(1, 2))) == [
        "Conv1DTranspose",
        "Conv2DTranspose",
    ]
    assert rows("Add Subtract", KIND) == {"Add": KIND, "Subtract": KIND}
