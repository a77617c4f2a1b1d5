"""Suggestions for unknown names."""

from onnxfi.suggestions import did_you_mean


def test_similar_names_are_listed_the_most_similar_first() -> None:
    assert did_you_mean("sgin", ["any", "sign", "mantissa"]) == " (did you mean 'sign'?)"
    names = ["conv2", "conv11", "softmax"]
    assert did_you_mean("conv1", names) == " (did you mean 'conv11'?)"
    assert did_you_mean("conv1", names, most=3) == " (did you mean 'conv11' or 'conv2'?)"
    three = did_you_mean("conv1", [*names, "conv1x"], most=3)
    assert three == " (did you mean 'conv1x', 'conv11' or 'conv2'?)"


def test_case_does_not_count() -> None:
    assert did_you_mean("CONV1", ["conv1"]) == " (did you mean 'conv1'?)"


def test_nothing_is_suggested_if_no_name_is_similar() -> None:
    assert did_you_mean("conv1", ["", "softmax"]) == ""
    assert did_you_mean("conv1", []) == ""
