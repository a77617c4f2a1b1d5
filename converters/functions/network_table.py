"""Lists the functions of tf.nn, tf.image and the Keras backend that convert."""

from collections.abc import Mapping

from onnxfi.converters.functions.function import Function

NETWORK_FUNCTIONS: Mapping[str, Function] = {
    "compat.v1.image.resize_bilinear": Function(
        "ImageResize",
        ("images",),
        {
            "size": "size",
            "align_corners": "align_corners",
            "half_pixel_centers": "half_pixel_centers",
        },
        {"interpolation": "bilinear", "older": True},
    ),
    "compat.v1.image.resize_nearest_neighbor": Function(
        "ImageResize",
        ("images",),
        {
            "size": "size",
            "align_corners": "align_corners",
            "half_pixel_centers": "half_pixel_centers",
        },
        {"interpolation": "nearest", "older": True},
    ),
    "compat.v1.nn.avg_pool": Function(
        "AveragePooling",
        ("value",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "compat.v1.nn.conv2d": Function(
        "Convolution",
        ("input", "filter"),
        {
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
            "dilations": "dilations",
        },
    ),
    "compat.v1.nn.crelu": Function("Crelu", ("features",), {"axis": "axis"}),
    "compat.v1.nn.depthwise_conv2d": Function(
        "DepthwiseConvolution",
        ("input", "filter"),
        {
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
            "dilations": "dilations",
        },
    ),
    "compat.v1.nn.embedding_lookup": Function("Gather", ("params", "ids"), {}, {"axis": 0}),
    "compat.v1.nn.max_pool": Function(
        "MaxPooling",
        ("value",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "image.adjust_brightness": Function("AdjustBrightness", ("image",), {"delta": "delta"}),
    "image.central_crop": Function(
        "CentralCrop", ("image",), {"central_fraction": "central_fraction"}
    ),
    "image.crop_to_bounding_box": Function(
        "CropToBox",
        ("image",),
        {
            "offset_height": "offset_height",
            "offset_width": "offset_width",
            "target_height": "target_height",
            "target_width": "target_width",
        },
    ),
    "image.flip_left_right": Function("FlipLeftRight", ("image",)),
    "image.flip_up_down": Function("FlipUpDown", ("image",)),
    "image.grayscale_to_rgb": Function("GrayToRgb", ("images",)),
    "image.pad_to_bounding_box": Function(
        "PadToBox",
        ("image",),
        {
            "offset_height": "offset_height",
            "offset_width": "offset_width",
            "target_height": "target_height",
            "target_width": "target_width",
        },
    ),
    "image.per_image_standardization": Function("Standardize", ("image",)),
    "image.resize": Function(
        "ImageResize",
        ("images",),
        {
            "method": "interpolation",
            "size": "size",
            "preserve_aspect_ratio": "preserve_aspect_ratio",
            "antialias": "antialias",
        },
    ),
    "image.resize_with_crop_or_pad": Function(
        "CropOrPad", ("image",), {"target_height": "target_height", "target_width": "target_width"}
    ),
    "image.rgb_to_grayscale": Function("RgbToGray", ("images",)),
    "image.rot90": Function("Rot90", ("image",), {"k": "k"}),
    "image.transpose": Function("TransposeImage", ("image",)),
    "keras.backend.batch_flatten": Function("BatchFlatten"),
    "nn.avg_pool": Function(
        "AveragePooling",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "nn.avg_pool1d": Function(
        "AveragePooling",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "nn.avg_pool2d": Function(
        "AveragePooling",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "nn.avg_pool3d": Function(
        "AveragePooling",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "nn.bias_add": Function("BiasAdd", ("value", "bias"), {"data_format": "data_format"}),
    "nn.conv2d": Function(
        "Convolution",
        ("input", "filters"),
        {
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
            "dilations": "dilations",
        },
    ),
    "nn.crelu": Function("Crelu", ("features",), {"axis": "axis"}),
    "nn.depth_to_space": Function(
        "DepthToSpace", ("input",), {"block_size": "block_size", "data_format": "data_format"}
    ),
    "nn.depthwise_conv2d": Function(
        "DepthwiseConvolution",
        ("input", "filter"),
        {
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
            "dilations": "dilations",
        },
    ),
    "nn.elu": Function("Elu", ("features",)),
    "nn.embedding_lookup": Function("Gather", ("params", "ids"), {}, {"axis": 0}),
    "nn.gelu": Function("Gelu", ("features",), {"approximate": "approximate"}),
    "nn.leaky_relu": Function("LeakyRelu", ("features",), {"alpha": "negative_slope"}),
    "nn.local_response_normalization": Function(
        "ResponseNormalization",
        ("input",),
        {"depth_radius": "depth_radius", "bias": "bias", "alpha": "alpha", "beta": "beta"},
    ),
    "nn.log_softmax": Function("LogSoftmax", ("logits",), {"axis": "axis"}),
    "nn.lrn": Function(
        "ResponseNormalization",
        ("input",),
        {"depth_radius": "depth_radius", "bias": "bias", "alpha": "alpha", "beta": "beta"},
    ),
    "nn.max_pool": Function(
        "MaxPooling",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "nn.max_pool1d": Function(
        "MaxPooling",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "nn.max_pool2d": Function(
        "MaxPooling",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "nn.max_pool3d": Function(
        "MaxPooling",
        ("input",),
        {
            "ksize": "ksize",
            "strides": "strides",
            "padding": "padding",
            "data_format": "data_format",
        },
    ),
    "nn.relu": Function("Relu", ("features",)),
    "nn.relu6": Function("Relu6", ("features",)),
    "nn.selu": Function("Selu", ("features",)),
    "nn.sigmoid": Function("Sigmoid"),
    "nn.silu": Function("ScaledSilu", ("features",), {"beta": "beta"}),
    "nn.softmax": Function("Softmax", ("logits",), {"axis": "axis"}),
    "nn.softplus": Function("Softplus", ("features",)),
    "nn.softsign": Function("Softsign", ("features",)),
    "nn.space_to_depth": Function(
        "SpaceToDepth", ("input",), {"block_size": "block_size", "data_format": "data_format"}
    ),
    "nn.swish": Function("ScaledSilu", ("features",), {"beta": "beta"}),
    "nn.tanh": Function("Tanh"),
    "nn.top_k": Function("TopK", ("input",), {"k": "k", "sorted": "sorted"}),
}
"""The operation of each function."""
