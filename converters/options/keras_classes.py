"""Lists the classes of layers that Keras defines, whether they have a translation or not."""

_OVER_AXES = (
    *("AdaptiveAveragePooling{}D", "AdaptiveMaxPooling{}D", "AveragePooling{}D", "Conv{}D"),
    *("Conv{}DTranspose", "ConvLSTM{}D", "ConvLSTM{}DCell", "Cropping{}D"),
    *("GlobalAveragePooling{}D", "GlobalMaxPooling{}D", "MaxPooling{}D", "SpatialDropout{}D"),
    *("UpSampling{}D", "ZeroPadding{}D"),
)
_OTHERS = """
Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast
Average BatchNormalization BatchNormalizationV1 BatchNormalizationV2 Bidirectional CategoryEncoding
CenterCrop Concatenate ContrastLimitedAdaptiveHistogramEqualization CuDNNGRU CuDNNLSTM CutMix Dense
DenseFeatures DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding
Equalization Flatten Functional GRU GRUCell GaussianDropout GaussianNoise GroupNormalization
GroupedQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup LSTM LSTMCell
LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxNumBoundingBoxes
Maximum MelSpectrogram Minimum MixUp Model MultiHeadAttention Multiply Normalization PReLU Permute
Pipeline RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomFourierFeatures
RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective
RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation
RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding
STFTSpectrogram SeparableConv1D SeparableConv2D Sequential SimpleRNN SimpleRNNCell SlicingOpLambda
Softmax Solarization SpectralNormalization StackedRNNCells StringLookup Subtract
SyncBatchNormalization TFOpLambda TensorFlowOpLayer TextVectorization ThresholdedReLU
TimeDistributed UnitNormalization
"""

KERAS_CLASSES = frozenset(
    (*_OTHERS.split(), *(name.format(axes) for name in _OVER_AXES for axes in (1, 2, 3)))
)
"""Layers of Keras 2.2 to 3, without those that hold the user's code."""
