"""Names of targets."""

from onnxfi.report.target_names import target_names


def test_a_target_is_called_by_its_layer_unless_others_share_it() -> None:
    keys: list[dict[str, str | None]] = [
        {"target": "a/out", "layer": "a"},
        {"target": "b/out", "layer": "b"},
        {"target": "b/bias", "layer": "b"},
        {"target": "c", "layer": None},
    ]
    expected = {"a/out": "a", "b/out": "b/out", "b/bias": "b/bias", "c": "c"}
    assert target_names([*keys, *keys]) == expected
