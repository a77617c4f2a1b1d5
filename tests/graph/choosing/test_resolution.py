"""Targets are given as objects or by name, one or several."""

import pytest

import onnxfi
from onnxfi.errors import InputError, TargetNotFoundError
from onnxfi.graph import check_distinct, resolve_targets
from tests.support.small_graphs import chain


def test_one_and_several_in_either_form() -> None:
    model = onnxfi.load(chain())
    a, w = model.target("a"), model.target("w")
    assert resolve_targets(model, "a") == resolve_targets(model, a) == (a,)
    assert resolve_targets(model, ["w", a]) == (w, a)
    assert resolve_targets(model, (x for x in ("a", "a"))) == (a, a)
    assert resolve_targets(model, []) == ()
    with pytest.raises(TargetNotFoundError, match="none is called 'z'"):
        resolve_targets(model, ["a", "z"])


def test_faults_need_distinct_targets() -> None:
    model = onnxfi.load(chain())
    check_distinct(resolve_targets(model, ["a", "w"]))
    with pytest.raises(InputError, match="'a' is given twice"):
        check_distinct(resolve_targets(model, ["a", "w", "a"]))
    with pytest.raises(InputError, match="At least one target"):
        check_distinct(())
