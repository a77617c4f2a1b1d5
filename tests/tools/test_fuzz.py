"""Tests the fuzzer: that cases end well, and that bad endings are told apart."""

import random
from pathlib import Path

import pytest

from tools.fuzz import mutations
from tools.fuzz.case import Ending, run_case


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("words", "kind"),
    [(["--version"], "done"), (["inspect", "missing.onnx"], "refused"), (["nonsense"], "refused")],
)
def test_a_case_is_judged(tmp_path: Path, words: list[str], kind: str) -> None:
    ending = run_case(words, tmp_path, seconds=60)
    assert (ending.kind, ending.good) == (kind, True)


def test_other_endings_are_bad() -> None:
    assert not any(Ending(x, "").good for x in ("traceback", "timeout", "signal 11", "no message"))


def test_damage_depends_on_the_generator_alone() -> None:
    content, document = bytes(range(256)) * 4, {"a": [1, {"b": "c"}], "d": None}
    for seed in range(50):
        made = [
            (
                mutations.damage_bytes(content, random.Random(seed)),
                repr(mutations.damage_document(document, random.Random(seed))),
            )
            for _ in range(2)
        ]
        assert made[0] == made[1]
    assert document == {"a": [1, {"b": "c"}], "d": None}
    changed = {mutations.damage_bytes(content, random.Random(seed)) for seed in range(50)}
    assert len(changed) > 40
