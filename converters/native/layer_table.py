"""Lists the layers that the native route translates.

A layer is one row, a `LayerKind`, in the module that translates it.
"""

from collections.abc import Mapping

from onnxfi.converters.functions import calls, graph_operators
from onnxfi.converters.layers import (
    activation,
    core,
    dot,
    einsum,
    embedding,
    merging,
    preprocessing,
    resizing,
    softmax,
)
from onnxfi.converters.layers.attention import dense, multi_head
from onnxfi.converters.layers.convolution import (
    convolution,
    locally_connected,
    pooling,
    transposed,
)
from onnxfi.converters.layers.normalization import batch, group, layer, unit
from onnxfi.converters.operations.table import OPERATIONS
from onnxfi.converters.options.refusals import no_translation
from onnxfi.converters.recurrent import convolutional, wrappers
from onnxfi.converters.recurrent import layer as recurrent
from onnxfi.converters.translation.layer_call import Options
from onnxfi.converters.translation.layer_kind import LayerKind

LAYERS: Mapping[str, LayerKind] = {
    **OPERATIONS,
    **activation.LAYERS,
    **softmax.LAYERS,
    **core.LAYERS,
    **embedding.LAYERS,
    **einsum.LAYERS,
    **convolution.LAYERS,
    **transposed.LAYERS,
    **locally_connected.LAYERS,
    **pooling.LAYERS,
    **resizing.LAYERS,
    **preprocessing.LAYERS,
    **batch.LAYERS,
    **group.LAYERS,
    **layer.LAYERS,
    **unit.LAYERS,
    **merging.LAYERS,
    **dot.LAYERS,
    **dense.LAYERS,
    **multi_head.LAYERS,
    **recurrent.LAYERS,
    **convolutional.LAYERS,
    **wrappers.LAYERS,
    **calls.LAYERS,
    **graph_operators.LAYERS,
}
"""The layers and operations, by class."""


def kind_of(options: Options) -> LayerKind:
    """Return the row of a layer.

    Raises:
        UnsupportedLayerError: its class has no translation.
    """
    if options.layer_class not in LAYERS:
        raise no_translation(options.path, options.layer_class)
    return LAYERS[options.layer_class]
