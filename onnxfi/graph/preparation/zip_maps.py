"""Removes the ZipMaps of scikit-learn's classifiers, so that probabilities are a tensor.

skl2onnx ends a classifier with a ZipMap, which turns each sample into a dictionary from class to
probability. Faults and metrics need its input: a tensor with a column for each class.
"""

import logging

import onnx
from onnx import helper

logger = logging.getLogger(__name__)

_ZIP_MAP = "ZipMap"


def without_zip_maps(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with the inputs of its ZipMaps as outputs, under the ZipMaps' names.

    A model without ZipMaps is returned itself.

    Args:
        model: the model; it is not changed.
    """
    names = {node.output[0] for node in model.graph.node if _is_zip_map(node)}
    names &= {value.name for value in model.graph.output}
    if not names:
        return model
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    for node in plain.graph.node:
        if _is_zip_map(node) and node.output[0] in names:
            node.CopyFrom(helper.make_node("Identity", node.input, node.output, node.name))
    for value in plain.graph.output:
        if value.name in names:
            value.CopyFrom(
                helper.make_tensor_value_info(value.name, onnx.TensorProto.FLOAT, (None, None))
            )
            logger.info(
                "The output %r of the model is a sequence of maps. onnxfi turns it into a tensor "
                "with a column for each class.",
                value.name,
            )
    return plain


def _is_zip_map(node: onnx.NodeProto) -> bool:
    return node.op_type == _ZIP_MAP and node.domain == "ai.onnx.ml"
