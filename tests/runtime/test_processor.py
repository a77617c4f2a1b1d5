"""The processor is described by its instruction sets."""

from pathlib import Path

import pytest

from onnxfi.runtime.processor import instruction_sets, processor


def test_only_vector_extensions_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "processor: 0\nflags\t\t: fpu sse2 avx2 smep avx512_vnni fma\n\nprocessor: 1\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    assert instruction_sets() == ("avx2", "avx512_vnni", "fma")
    assert processor()["instruction_sets"] == ["avx2", "avx512_vnni", "fma"]


def test_an_unknown_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert instruction_sets() == ()
