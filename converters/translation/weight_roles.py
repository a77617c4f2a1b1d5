"""Lists the weights that families of layers own."""

from onnxfi.converters.translation.layer_call import Options, WeightRole


def no_weights(_options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of a layer without weights."""
    return ()


def kernel_and_bias(options: Options) -> tuple[WeightRole, ...]:
    """Return the weights of a layer with a kernel, and with a bias unless ``use_bias`` is false."""
    return (WeightRole("kernel"), *bias(options))


def bias(options: Options) -> tuple[WeightRole, ...]:
    """Return the bias of a layer in a tuple, which is empty where ``use_bias`` is false."""
    return (WeightRole("bias"),) if options.flag("use_bias", True) else ()
