"""Names and anchors."""

from onnxfi.report.page.names import anchor, labels_of


def test_a_target_is_called_by_its_layer_unless_others_share_it() -> None:
    keys: list[dict[str, str | None]] = [
        {"target": "a/out", "layer": "a"},
        {"target": "b/out", "layer": "b"},
        {"target": "b/bias", "layer": "b"},
        {"target": "c", "layer": None},
    ]
    expected = {"a/out": "a", "b/out": "b/out", "b/bias": "b/bias", "c": "c"}
    assert labels_of([*keys, *keys]) == expected


def test_anchors_tell_names_apart() -> None:
    assert anchor("target", "conv1") == "target-conv1"
    others = [anchor("target", x) for x in ("a/b", "a.b", "a b", "é" * 90, "é" * 91, "</b>", "")]
    assert len({*others}) == len(others)
    assert all(x.replace("-", "").isalnum() and len(x) < 60 for x in others)
