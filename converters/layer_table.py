"""The layers that the native route translates: class name to function."""

from collections.abc import Mapping

from onnxfi.converters.layer_call import Translation, WeightRoles
from onnxfi.converters.layers_activation import translate_activation, translate_activation_layer
from onnxfi.converters.layers_convolution import (
    kernel_and_bias,
    translate_convolution,
    translate_depthwise_convolution,
    translate_transposed_convolution,
)
from onnxfi.converters.layers_core import (
    translate_dense,
    translate_dropout,
    translate_flatten,
    translate_identity,
    translate_permute,
    translate_reshape,
)
from onnxfi.converters.layers_merging import translate_concatenate, translate_elementwise
from onnxfi.converters.layers_normalization import (
    batch_normalization_weights,
    translate_batch_normalization,
)
from onnxfi.converters.layers_pooling import translate_global_pooling, translate_pooling
from onnxfi.converters.layers_resizing import (
    translate_cropping,
    translate_upsampling,
    translate_zero_padding,
)

TRANSLATIONS: Mapping[str, Translation] = {
    "Activation": translate_activation,
    "ActivityRegularization": translate_identity,
    "Add": translate_elementwise,
    "AlphaDropout": translate_identity,
    "Average": translate_elementwise,
    "AveragePooling2D": translate_pooling,
    "BatchNormalization": translate_batch_normalization,
    "Concatenate": translate_concatenate,
    "Conv2D": translate_convolution,
    "Conv2DTranspose": translate_transposed_convolution,
    "Cropping2D": translate_cropping,
    "Dense": translate_dense,
    "DepthwiseConv2D": translate_depthwise_convolution,
    "Dropout": translate_dropout,
    "ELU": translate_activation_layer,
    "Flatten": translate_flatten,
    "GaussianDropout": translate_identity,
    "GaussianNoise": translate_identity,
    "GlobalAveragePooling2D": translate_global_pooling,
    "GlobalMaxPooling2D": translate_global_pooling,
    "LeakyReLU": translate_activation_layer,
    "MaxPooling2D": translate_pooling,
    "Maximum": translate_elementwise,
    "Minimum": translate_elementwise,
    "Multiply": translate_elementwise,
    "Permute": translate_permute,
    "ReLU": translate_activation_layer,
    "Reshape": translate_reshape,
    "Softmax": translate_activation_layer,
    "SpatialDropout2D": translate_identity,
    "Subtract": translate_elementwise,
    "UpSampling2D": translate_upsampling,
    "ZeroPadding2D": translate_zero_padding,
}
"""What translates a call of each layer class."""

WEIGHTS: Mapping[str, WeightRoles] = {
    "BatchNormalization": batch_normalization_weights,
    "Conv2D": kernel_and_bias,
    "Conv2DTranspose": kernel_and_bias,
    "Dense": kernel_and_bias,
    "DepthwiseConv2D": kernel_and_bias,
}
"""Which weights a layer of each class owns, in the order of the file; the others own none."""
