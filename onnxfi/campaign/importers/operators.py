"""Maps the layer types of CLASSES to ONNX operators."""

from onnxfi.graph import Model, Target

# Operators by layer type, which is also the name of an error model's file.
_OPERATORS = {
    "avgpool": ("AveragePool", "GlobalAveragePool"),
    "batchnorm": ("BatchNormalization",),
    "clipped_relu": ("Clip",),
    "conv_gemm": ("Conv",),
    "elu": ("Elu",),
    "maxpool": ("MaxPool", "GlobalMaxPool"),
    "relu": ("Relu",),
    "sigmoid": ("Sigmoid",),
    "tanh": ("Tanh",),
}
_BIAS_ADD = "bias_add"
#: The layer types of the published error models.
LAYER_TYPES = frozenset({*_OPERATORS, _BIAS_ADD})
# Operators that may add a bias, which is their third input.
_WITH_BIAS = ("Conv", "ConvTranspose", "Gemm")
_BIAS = 2


def computes(model: Model, target: Target, layer_type: str) -> bool:
    """Return whether an activation is the output of a layer type; unknown types match any."""
    if layer_type == _BIAS_ADD:
        return _adds_bias(model, target)
    operators = _OPERATORS.get(layer_type)
    return operators is None or target.op_type in operators


def _adds_bias(model: Model, target: Target) -> bool:
    node = model.values[target.tensor].producer()
    if node is None:
        return False
    if node.op_type in _WITH_BIAS:
        return len(node.inputs) > _BIAS and node.inputs[_BIAS] is not None
    return node.op_type == "Add" and any(value in model.constants for value in node.inputs)
