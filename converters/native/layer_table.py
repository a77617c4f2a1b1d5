"""The layers that the native route translates: class name to function."""

from collections.abc import Collection, Mapping

from onnxfi.converters.functions.calls import translate_tensorflow_function
from onnxfi.converters.functions.graph_operators import translate_tensorflow_operator
from onnxfi.converters.layers.activation import (
    prelu_weights,
    translate_activation,
    translate_activation_layer,
    translate_prelu,
)
from onnxfi.converters.layers.attention.dense import (
    dense_attention_weights,
    translate_dense_attention,
)
from onnxfi.converters.layers.attention.multi_head import translate_attention
from onnxfi.converters.layers.convolution.convolution import (
    kernel_and_bias,
    separable_weights,
    translate_convolution,
    translate_depthwise_convolution,
    translate_separable_convolution,
)
from onnxfi.converters.layers.convolution.locally_connected import translate_locally_connected
from onnxfi.converters.layers.convolution.pooling import (
    translate_adaptive_pooling,
    translate_global_pooling,
    translate_pooling,
)
from onnxfi.converters.layers.convolution.transposed import (
    translate_transposed_convolution,
)
from onnxfi.converters.layers.core import (
    translate_augmentation,
    translate_dense,
    translate_dropout,
    translate_flatten,
    translate_identity,
    translate_permute,
    translate_repeat_vector,
    translate_reshape,
)
from onnxfi.converters.layers.dot import (
    translate_dot,
)
from onnxfi.converters.layers.einsum import einsum_weights, translate_einsum
from onnxfi.converters.layers.embedding import (
    embedding_weights,
    translate_embedding,
    translate_masking,
)
from onnxfi.converters.layers.masked_merging import translate_masked_merge
from onnxfi.converters.layers.merging import translate_concatenate, translate_elementwise
from onnxfi.converters.layers.normalization.batch import (
    batch_normalization_weights,
    scale_and_shift,
    translate_batch_normalization,
)
from onnxfi.converters.layers.normalization.group import (
    translate_group_normalization,
)
from onnxfi.converters.layers.normalization.layer import (
    layer_normalization_weights,
    translate_layer_normalization,
)
from onnxfi.converters.layers.normalization.unit import (
    rms_normalization_weights,
    translate_rms_normalization,
    translate_unit_normalization,
)
from onnxfi.converters.layers.preprocessing import (
    normalization_weights,
    translate_center_crop,
    translate_normalization,
    translate_rescaling,
)
from onnxfi.converters.layers.resizing import (
    translate_cropping,
    translate_resizing,
    translate_upsampling,
    translate_zero_padding,
)
from onnxfi.converters.layers.softmax import translate_softmax
from onnxfi.converters.operations.table import OPERATIONS
from onnxfi.converters.recurrent.convolutional import (
    convolutional_recurrent_weights,
    translate_convolutional_recurrent,
)
from onnxfi.converters.recurrent.layer import recurrent_weights, translate_recurrent
from onnxfi.converters.recurrent.wrappers import (
    spectral_normalization_weights,
    translate_bidirectional,
    translate_spectral_normalization,
    translate_time_distributed,
)
from onnxfi.converters.translation.layer_call import Translation, WeightRoles

TRANSLATIONS: Mapping[str, Translation] = {
    **OPERATIONS,
    "Activation": translate_activation,
    "ActivityRegularization": translate_identity,
    "AdaptiveAveragePooling1D": translate_adaptive_pooling,
    "AdaptiveAveragePooling2D": translate_adaptive_pooling,
    "AdaptiveAveragePooling3D": translate_adaptive_pooling,
    "AdaptiveMaxPooling1D": translate_adaptive_pooling,
    "AdaptiveMaxPooling2D": translate_adaptive_pooling,
    "AdaptiveMaxPooling3D": translate_adaptive_pooling,
    "Add": translate_elementwise,
    "AdditiveAttention": translate_dense_attention,
    "AlphaDropout": translate_identity,
    "Attention": translate_dense_attention,
    "Average": translate_elementwise,
    "AveragePooling1D": translate_pooling,
    "AveragePooling2D": translate_pooling,
    "AveragePooling3D": translate_pooling,
    "BatchNormalization": translate_batch_normalization,
    "BatchNormalizationV1": translate_batch_normalization,
    "BatchNormalizationV2": translate_batch_normalization,
    "Bidirectional": translate_bidirectional,
    "CenterCrop": translate_center_crop,
    "Concatenate": translate_concatenate,
    "Conv1D": translate_convolution,
    "Conv1DTranspose": translate_transposed_convolution,
    "Conv2D": translate_convolution,
    "Conv2DTranspose": translate_transposed_convolution,
    "Conv3D": translate_convolution,
    "Conv3DTranspose": translate_transposed_convolution,
    "ConvLSTM1D": translate_convolutional_recurrent,
    "ConvLSTM2D": translate_convolutional_recurrent,
    "ConvLSTM3D": translate_convolutional_recurrent,
    "Cropping1D": translate_cropping,
    "Cropping2D": translate_cropping,
    "Cropping3D": translate_cropping,
    "Dense": translate_dense,
    "DepthwiseConv1D": translate_depthwise_convolution,
    "DepthwiseConv2D": translate_depthwise_convolution,
    "Dot": translate_dot,
    "Dropout": translate_dropout,
    "ELU": translate_activation_layer,
    "EinsumDense": translate_einsum,
    "Embedding": translate_embedding,
    "Flatten": translate_flatten,
    "GRU": translate_recurrent,
    "GaussianDropout": translate_identity,
    "GaussianNoise": translate_identity,
    "GlobalAveragePooling1D": translate_global_pooling,
    "GlobalAveragePooling2D": translate_global_pooling,
    "GlobalAveragePooling3D": translate_global_pooling,
    "GlobalMaxPooling1D": translate_global_pooling,
    "GlobalMaxPooling2D": translate_global_pooling,
    "GlobalMaxPooling3D": translate_global_pooling,
    "GroupNormalization": translate_group_normalization,
    "GroupedQueryAttention": translate_attention,
    "Identity": translate_identity,
    "LSTM": translate_recurrent,
    "LayerNormalization": translate_layer_normalization,
    "LeakyReLU": translate_activation_layer,
    "LocallyConnected1D": translate_locally_connected,
    "LocallyConnected2D": translate_locally_connected,
    "Masking": translate_masking,
    "MaxPooling1D": translate_pooling,
    "MaxPooling2D": translate_pooling,
    "MaxPooling3D": translate_pooling,
    "Maximum": translate_masked_merge,
    "Minimum": translate_masked_merge,
    "MultiHeadAttention": translate_attention,
    "Multiply": translate_masked_merge,
    "Normalization": translate_normalization,
    "PReLU": translate_prelu,
    "Permute": translate_permute,
    "RMSNormalization": translate_rms_normalization,
    "RNN": translate_recurrent,
    "RandomBrightness": translate_augmentation,
    "RandomContrast": translate_augmentation,
    "RandomFlip": translate_augmentation,
    "RandomRotation": translate_augmentation,
    "RandomTranslation": translate_augmentation,
    "RandomZoom": translate_augmentation,
    "ReLU": translate_activation_layer,
    "RepeatVector": translate_repeat_vector,
    "Rescaling": translate_rescaling,
    "Reshape": translate_reshape,
    "Resizing": translate_resizing,
    "SeparableConv1D": translate_separable_convolution,
    "SeparableConv2D": translate_separable_convolution,
    "SimpleRNN": translate_recurrent,
    "SlicingOpLambda": translate_tensorflow_function,
    "Softmax": translate_softmax,
    "SpatialDropout1D": translate_identity,
    "SpatialDropout2D": translate_identity,
    "SpatialDropout3D": translate_identity,
    "SpectralNormalization": translate_spectral_normalization,
    "Subtract": translate_elementwise,
    "SyncBatchNormalization": translate_batch_normalization,
    "TFOpLambda": translate_tensorflow_function,
    "TensorFlowOpLayer": translate_tensorflow_operator,
    "ThresholdedReLU": translate_activation_layer,
    "TimeDistributed": translate_time_distributed,
    "UnitNormalization": translate_unit_normalization,
    "UpSampling1D": translate_upsampling,
    "UpSampling2D": translate_upsampling,
    "UpSampling3D": translate_upsampling,
    "ZeroPadding1D": translate_zero_padding,
    "ZeroPadding2D": translate_zero_padding,
    "ZeroPadding3D": translate_zero_padding,
}
"""What translates a call of each layer class."""

WEIGHTS: Mapping[str, WeightRoles] = {
    "AdditiveAttention": dense_attention_weights,
    "Attention": dense_attention_weights,
    "BatchNormalization": batch_normalization_weights,
    "BatchNormalizationV1": batch_normalization_weights,
    "BatchNormalizationV2": batch_normalization_weights,
    "Conv1D": kernel_and_bias,
    "Conv1DTranspose": kernel_and_bias,
    "Conv2D": kernel_and_bias,
    "Conv2DTranspose": kernel_and_bias,
    "Conv3D": kernel_and_bias,
    "Conv3DTranspose": kernel_and_bias,
    "ConvLSTM1D": convolutional_recurrent_weights,
    "ConvLSTM2D": convolutional_recurrent_weights,
    "ConvLSTM3D": convolutional_recurrent_weights,
    "Dense": kernel_and_bias,
    "DepthwiseConv1D": kernel_and_bias,
    "DepthwiseConv2D": kernel_and_bias,
    "EinsumDense": einsum_weights,
    "Embedding": embedding_weights,
    "GRU": recurrent_weights,
    "GroupNormalization": scale_and_shift,
    "LSTM": recurrent_weights,
    "LayerNormalization": layer_normalization_weights,
    "LocallyConnected1D": kernel_and_bias,
    "LocallyConnected2D": kernel_and_bias,
    "Normalization": normalization_weights,
    "PReLU": prelu_weights,
    "RMSNormalization": rms_normalization_weights,
    "RNN": recurrent_weights,
    "SeparableConv1D": separable_weights,
    "SeparableConv2D": separable_weights,
    "SimpleRNN": recurrent_weights,
    "SpectralNormalization": spectral_normalization_weights,
    "SyncBatchNormalization": batch_normalization_weights,
}
"""Which weights a layer of each class owns, in the order of the file; the others own none."""

_SCORES = ("return_attention_scores", "use_causal_mask")
_ATTENTION = ("query", "value", "key", "attention_mask", *_SCORES)

CALL_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "AdditiveAttention": _SCORES,
    "Attention": _SCORES,
    "Bidirectional": ("initial_state",),
    "CenterCrop": ("training",),
    "ConvLSTM1D": ("initial_state",),
    "ConvLSTM2D": ("initial_state",),
    "ConvLSTM3D": ("initial_state",),
    "RandomBrightness": ("training",),
    "RandomContrast": ("training",),
    "RandomFlip": ("training",),
    "RandomRotation": ("training",),
    "RandomTranslation": ("training",),
    "RandomZoom": ("training",),
    "Resizing": ("training",),
    "GRU": ("initial_state",),
    "LSTM": ("initial_state",),
    "GroupedQueryAttention": _ATTENTION,
    "MultiHeadAttention": _ATTENTION,
    "RNN": ("initial_state",),
    "SimpleRNN": ("initial_state",),
}
"""Which keyword arguments, besides the mask, a layer of each class takes in a call."""

ANY_TYPE: Collection[str] = {
    "Concatenate",
    "Embedding",
    "Functional",
    "GroupedQueryAttention",
    "Model",
    "MultiHeadAttention",
    "Normalization",
    "Rescaling",
    "Sequential",
    "TimeDistributed",
}
"""Layers that are called on tensors of other types than floating-point numbers, too."""
