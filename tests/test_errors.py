"""The hierarchy of errors: builtin handlers work too."""

import pytest

from onnxfi import errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.ModelFormatError, ValueError),
        (errors.TargetNotFoundError, LookupError),
        (errors.InputError, ValueError),
        (errors.ProviderError, RuntimeError),
        (errors.ErrorModelError, ValueError),
        (errors.ConfigurationError, ValueError),
        (errors.MissingExtraError, ImportError),
        (errors.ConversionMismatchError, ArithmeticError),
    ],
)
def test_leaves_are_builtin_errors_too(error: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(error, errors.OnnxfiError)
    assert issubclass(error, builtin)


def test_an_unsupported_layer_carries_what_it_names() -> None:
    error = errors.UnsupportedLayerError("no", layer="a/b", layer_class="Lambda")
    assert (str(error), error.layer, error.layer_class) == ("no", "a/b", "Lambda")
