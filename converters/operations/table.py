"""Lists the operations of Keras 3 and the further functions of TensorFlow that have a translation.

In a file of Keras 3 operations are entries among the layers. Here they are called ``ops.<class>``,
because Keras has layers and operations of the same name.
"""

from collections.abc import Mapping

from onnxfi.converters.layers.core import translate_flatten
from onnxfi.converters.operations import (
    arithmetic,
    elementwise,
    filling,
    images,
    indexing,
    product,
    reduction,
    selection,
    shape,
    sorting,
)
from onnxfi.converters.translation.layer_call import Translation
from onnxfi.converters.translation.layer_kind import LayerKind

_FAMILIES = (arithmetic, elementwise, indexing, product, reduction, selection, shape, sorting)
_TENSORFLOW_FAMILIES = (arithmetic, filling, images, product, selection)

OPERATIONS: Mapping[str, LayerKind] = {
    f"ops.{name}": kind for family in _FAMILIES for name, kind in family.OPERATIONS.items()
}
"""The operations of Keras 3, by class."""

TENSORFLOW_OPERATIONS: Mapping[str, Translation] = {
    "ops.BatchFlatten": translate_flatten,
    **{
        f"ops.{name}": translate
        for family in _TENSORFLOW_FAMILIES
        for name, translate in family.TENSORFLOW_OPERATIONS.items()
    },
}
"""Functions of TensorFlow that are not operations of Keras 3."""
