"""Refusing the options of one layer that no translation reads."""

from onnxfi.converters.options.known import IDLE_ENDINGS, KnownOptions
from onnxfi.converters.options.refusals import shown
from onnxfi.converters.translation.layer_call import Options

_ENDINGS = tuple(IDLE_ENDINGS)


def require_known_options(options: Options, known: KnownOptions) -> None:
    """Refuse the configuration of a layer that has options without a translation.

    Null asks for nothing, also where the option is not known.

    Raises:
        UnsupportedLayerError: the class or an option is not known, or an option has a value that
            has no translation.
    """
    options.flag("trainable", True)
    for key, value in options.values.items():
        if value is None or key in known.read or key in known.idle or key.endswith(_ENDINGS):
            continue
        if key not in known.fixed:
            raise options.unsupported(f"has the option {key}={shown(value)}, which is not known")
        if value != known.fixed[key]:
            raise options.unsupported(f"has {key}={shown(value)}, not {known.fixed[key]!r}")
