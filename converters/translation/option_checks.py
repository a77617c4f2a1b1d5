"""Refuses options of a layer that its translation does not support."""

from onnxfi.converters.options.known import IDLE_ENDINGS, KnownOptions
from onnxfi.converters.options.refusals import shown
from onnxfi.converters.translation.layer_call import Options

_ENDINGS = tuple(IDLE_ENDINGS)


def require_known_options(options: Options, known: KnownOptions) -> None:
    """Refuse a layer with options that have no translation.

    A null option has no effect, so it is accepted even if it is unknown.

    Args:
        options: the layer.
        known: the options of its class.

    Raises:
        UnsupportedLayerError: an option is unknown, or has an unsupported value.
    """
    options.flag("trainable", True)
    for key, value in options.values.items():
        if value is None or key in known.read or key in known.idle or key.endswith(_ENDINGS):
            continue
        if key not in known.fixed:
            raise options.unsupported(f"has the option {key}={shown(value)}, which is not known")
        if value != known.fixed[key]:
            raise options.unsupported(f"has {key}={shown(value)}, not {known.fixed[key]!r}")
