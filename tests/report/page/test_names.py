"""Anchors."""

from onnxfi.report.page.names import anchor


def test_anchors_tell_names_apart() -> None:
    assert anchor("target", "conv1") == "target-conv1"
    others = [anchor("target", x) for x in ("a/b", "a.b", "a b", "é" * 90, "é" * 91, "</b>", "")]
    assert len({*others}) == len(others)
    assert all(x.replace("-", "").isalnum() and len(x) < 60 for x in others)
