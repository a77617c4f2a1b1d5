"""Tests the targets and error models of strata."""

from typing import Any

import pytest

from onnxfi.campaign.planning.strata import Stratum, choose_targets, make_strata, uncovered_note
from onnxfi.configuration import Configuration, Targets
from onnxfi.error_models import BitFlip, Zero
from onnxfi.errors import ConfigurationError, ErrorModelError, TargetNotFoundError
from onnxfi.graph import load


def test_targets_that_nobody_chose_may_be_left_out(work: Any) -> None:
    model = load(work / "model.onnx")

    def configuration(targets: dict[str, Any], *error_models: str) -> Configuration:
        said = {"error_models": list(error_models), "injections": {"per_target": 1}}
        said |= {"model": "m", "inputs": {"file": "x.npz"}, "targets": targets}
        return Configuration.model_validate(said)

    both = configuration({}, "zero", "spatial:model=auto")
    strata = make_strata(model, both)
    every = [x.tensor for x in model.targets(kind="activation")]
    assert [x.targets[0].tensor for x in strata if x.label == "zero"] == every
    covered = [x.targets[0].tensor for x in strata if x.label == "spatial:model=auto"]
    assert covered == ["conv", "relu", "pool"]
    assert uncovered_note(model, both, strata) == (
        "spatial:model=auto does not cover Flatten, Gemm, Softmax: 3 of 6 targets are left out of "
        "it (flat, scores, probabilities)."
    )
    zero = configuration({}, "zero")
    assert uncovered_note(model, zero, make_strata(model, zero)) is None
    with pytest.raises(ErrorModelError, match="'flat'"):  # it was asked for
        make_strata(model, configuration({"kind": "activation"}, "spatial:model=auto"))


def test_targets_must_satisfy_all_that_is_said(work: Any) -> None:
    model = load(work / "model.onnx")

    def chosen(**wanted: Any) -> list[str]:
        return [x.tensor for x in choose_targets(model, Targets(**wanted)).targets]

    assert chosen() == [target.tensor for target in model.targets(kind="activation")]
    assert chosen(kind="input") == ["image"]
    assert chosen(kind="weight", ops=("Gemm",)) == ["fc/w", "fc/b"]
    assert chosen(tensors=("fc/w", "conv", "image")) == ["image", "conv", "fc/w"]
    assert chosen(kind="weight", tensors=("fc/w", "conv")) == ["fc/w"]
    assert chosen(ops=("Gemm", "Conv")) == ["conv", "scores"]  # in the graph's order
    assert chosen(tensors=("fc", "relu")) == ["relu", "scores"]  # fc is the node of scores
    assert chosen(ops=("Gemm",), tensors=("fc", "relu")) == ["scores"]
    assert chosen(tensors=("r*", "fc")) == ["relu", "scores"]
    exclude = {"layers": ["aux*"], "ops": ["Gemm"], "tensors": ["image", "re*"], "kinds": ["input"]}
    assert chosen(exclude=exclude) == ["conv", "pool", "flat", "probabilities"]
    assert chosen(dtypes=["float"], index=-1) == ["probabilities"]
    assert chosen(index="1:") == chosen()[1:]
    with pytest.raises(TargetNotFoundError, match="'conv'"):
        chosen(tensors=("convv",))
    with pytest.raises(ConfigurationError) as caught:
        chosen(ops=("Tanh",))
    assert "ops: [Tanh]} chooses none" in str(caught.value)
    assert "Conv, " in str(caught.value)


def strata(work: Any, **said: Any) -> list[Stratum]:
    document = {"model": "m.onnx", "inputs": {"file": "x.npz"}, **said}
    return make_strata(load(work / "model.onnx"), Configuration.model_validate(document))


def names(stratum: Stratum) -> tuple[str, ...]:
    return tuple(target.tensor for target in stratum.targets)


def test_one_selection_gives_each_target_its_own_injections(work: Any) -> None:
    made = strata(
        work,
        targets={"tensors": ["conv", "fc/w"]},
        error_models=[{"name": "zero"}, {"name": "bitflip", "configuration": {"bit": 3}}],
    )
    assert [(names(x), x.label) for x in made] == [
        (("conv",), "zero"),
        (("conv",), "bitflip:bit=3"),
        (("fc/w",), "zero"),
        (("fc/w",), "bitflip:bit=3"),
    ]


def test_a_list_of_selections_is_hit_together(work: Any) -> None:
    own = {"name": "bitflip", "configuration": {"bit": 3}}
    made = strata(
        work,
        targets=[
            {"ops": ["Conv", "Relu"]},
            {"kind": "weight", "ops": ["Gemm"], "error_model": own},
        ],
        error_models=[{"name": "zero"}, {"name": "random"}],
    )
    assert [(names(x), x.label) for x in made] == [
        (("conv", "relu", "fc/w", "fc/b"), "zero + bitflip:bit=3"),
        (("conv", "relu", "fc/w", "fc/b"), "random + bitflip:bit=3"),
    ]
    assert made[0].error_models == (Zero(), Zero(), BitFlip(bit=3), BitFlip(bit=3))
    # With error models of their own the campaign needs none.
    (alone,) = strata(work, targets=[{"tensors": ["fc/w"], "error_model": own}])
    assert (names(alone), alone.error_models) == (("fc/w",), (BitFlip(bit=3),))


def test_a_target_is_chosen_once(work: Any) -> None:
    with pytest.raises(ConfigurationError, match="'conv' is chosen by two"):
        strata(
            work,
            targets=[{"ops": ["Conv"]}, {"tensors": ["conv"]}],
            error_models=[{"name": "zero"}],
        )
