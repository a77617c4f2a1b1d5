"""The layers that the native route translates: class name to function."""

from collections.abc import Collection, Mapping

from onnxfi.converters.layer_call import Translation, WeightRoles
from onnxfi.converters.layers.activation import translate_activation, translate_activation_layer
from onnxfi.converters.layers.attention import translate_attention
from onnxfi.converters.layers.convolution import (
    kernel_and_bias,
    translate_convolution,
    translate_depthwise_convolution,
    translate_transposed_convolution,
)
from onnxfi.converters.layers.core import (
    translate_dense,
    translate_dropout,
    translate_flatten,
    translate_identity,
    translate_permute,
    translate_reshape,
)
from onnxfi.converters.layers.dense_attention import (
    dense_attention_weights,
    translate_dense_attention,
)
from onnxfi.converters.layers.einsum import einsum_weights, translate_einsum
from onnxfi.converters.layers.embedding import (
    embedding_weights,
    translate_embedding,
    translate_masking,
)
from onnxfi.converters.layers.layer_normalization import (
    layer_normalization_weights,
    translate_layer_normalization,
)
from onnxfi.converters.layers.mask_operations import (
    translate_any,
    translate_constant_like,
    translate_convert_to_tensor,
    translate_expand_dims,
    translate_logic,
    translate_not_equal,
)
from onnxfi.converters.layers.masked_merging import translate_masked_merge
from onnxfi.converters.layers.merging import translate_concatenate, translate_elementwise
from onnxfi.converters.layers.normalization import (
    batch_normalization_weights,
    translate_batch_normalization,
)
from onnxfi.converters.layers.pooling import translate_global_pooling, translate_pooling
from onnxfi.converters.layers.recurrent import recurrent_weights, translate_recurrent
from onnxfi.converters.layers.resizing import (
    translate_cropping,
    translate_upsampling,
    translate_zero_padding,
)
from onnxfi.converters.layers.softmax import translate_softmax
from onnxfi.converters.layers.wrapper import translate_bidirectional, translate_time_distributed

TRANSLATIONS: Mapping[str, Translation] = {
    "Activation": translate_activation,
    "ActivityRegularization": translate_identity,
    "Add": translate_elementwise,
    "AdditiveAttention": translate_dense_attention,
    "AlphaDropout": translate_identity,
    "Any": translate_any,
    "Attention": translate_dense_attention,
    "Average": translate_elementwise,
    "AveragePooling2D": translate_pooling,
    "BatchNormalization": translate_batch_normalization,
    "Bidirectional": translate_bidirectional,
    "Concatenate": translate_concatenate,
    "Conv2D": translate_convolution,
    "Conv2DTranspose": translate_transposed_convolution,
    "ConvertToTensor": translate_convert_to_tensor,
    "Cropping2D": translate_cropping,
    "Dense": translate_dense,
    "DepthwiseConv2D": translate_depthwise_convolution,
    "Dropout": translate_dropout,
    "ELU": translate_activation_layer,
    "EinsumDense": translate_einsum,
    "Embedding": translate_embedding,
    "ExpandDims": translate_expand_dims,
    "Flatten": translate_flatten,
    "GRU": translate_recurrent,
    "GaussianDropout": translate_identity,
    "GaussianNoise": translate_identity,
    "GlobalAveragePooling2D": translate_global_pooling,
    "GlobalMaxPooling2D": translate_global_pooling,
    "GroupedQueryAttention": translate_attention,
    "LSTM": translate_recurrent,
    "LayerNormalization": translate_layer_normalization,
    "LeakyReLU": translate_activation_layer,
    "LogicalAnd": translate_logic,
    "LogicalOr": translate_logic,
    "Masking": translate_masking,
    "MaxPooling2D": translate_pooling,
    "Maximum": translate_masked_merge,
    "Minimum": translate_masked_merge,
    "MultiHeadAttention": translate_attention,
    "Multiply": translate_masked_merge,
    "NotEqual": translate_not_equal,
    "OnesLike": translate_constant_like,
    "Permute": translate_permute,
    "RNN": translate_recurrent,
    "ReLU": translate_activation_layer,
    "Reshape": translate_reshape,
    "SimpleRNN": translate_recurrent,
    "Softmax": translate_softmax,
    "SpatialDropout2D": translate_identity,
    "Subtract": translate_elementwise,
    "TimeDistributed": translate_time_distributed,
    "UpSampling2D": translate_upsampling,
    "ZeroPadding2D": translate_zero_padding,
    "ZerosLike": translate_constant_like,
}
"""What translates a call of each layer class."""

WEIGHTS: Mapping[str, WeightRoles] = {
    "AdditiveAttention": dense_attention_weights,
    "Attention": dense_attention_weights,
    "BatchNormalization": batch_normalization_weights,
    "Conv2D": kernel_and_bias,
    "Conv2DTranspose": kernel_and_bias,
    "Dense": kernel_and_bias,
    "DepthwiseConv2D": kernel_and_bias,
    "EinsumDense": einsum_weights,
    "Embedding": embedding_weights,
    "GRU": recurrent_weights,
    "LSTM": recurrent_weights,
    "LayerNormalization": layer_normalization_weights,
    "RNN": recurrent_weights,
    "SimpleRNN": recurrent_weights,
}
"""Which weights a layer of each class owns, in the order of the file; the others own none."""

_SCORES = ("return_attention_scores", "use_causal_mask")
_ATTENTION = ("query", "value", "key", "attention_mask", *_SCORES)

CALL_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "AdditiveAttention": _SCORES,
    "Attention": _SCORES,
    "Bidirectional": ("initial_state",),
    "GRU": ("initial_state",),
    "LSTM": ("initial_state",),
    "GroupedQueryAttention": _ATTENTION,
    "MultiHeadAttention": _ATTENTION,
    "RNN": ("initial_state",),
    "SimpleRNN": ("initial_state",),
}
"""Which keyword arguments, besides the mask, a layer of each class takes in a call."""

OPERATIONS: Collection[str] = {
    "Any",
    "ConvertToTensor",
    "ExpandDims",
    "LogicalAnd",
    "LogicalOr",
    "NotEqual",
    "OnesLike",
    "ZerosLike",
}
"""Classes that are operations of Keras 3, not layers: they are called on constants too."""

ANY_TYPE: Collection[str] = {
    "Any",
    "Concatenate",
    "ConvertToTensor",
    "Embedding",
    "ExpandDims",
    "Functional",
    "GroupedQueryAttention",
    "LogicalAnd",
    "LogicalOr",
    "Model",
    "MultiHeadAttention",
    "NotEqual",
    "OnesLike",
    "Sequential",
    "TimeDistributed",
    "ZerosLike",
}
"""Classes that are called on tensors of other types than float32, too."""
