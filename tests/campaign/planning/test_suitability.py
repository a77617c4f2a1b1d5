"""Tests that unsuitable error models are refused before the first injection."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.planning.suitability import check_error_models
from onnxfi.error_models import load as load_error_model
from onnxfi.errors import ErrorModelError
from onnxfi.graph import load
from tests.support.small_graphs import integers


@pytest.fixture
def campaign(tmp_path: Path) -> Any:
    """Give a function that begins a campaign on a model with integer and float activations."""
    onnx.save(integers(), tmp_path / "m.onnx")
    np.savez(tmp_path / "x.npz", x=np.ones((4, 3), np.float32))

    def begin(error_model: str, targets: str = "{}", injections: str = "{per_target: 4}") -> None:
        (tmp_path / "c.yaml").write_text(
            f"model: m.onnx\ninputs: {{file: x.npz}}\ntargets: {targets}\nout: run\n"
            f"error_models: [{{name: zero}}, {error_model}]\ninjections: {injections}\n"
            "execution: {provider: cpu, workers: 1}\nmetric: {name: regression}\n"
        )
        Campaign.from_yaml(tmp_path / "c.yaml").begin()

    return begin


@pytest.mark.parametrize("injections", ["{per_target: 4}", "{margin: 0.1}"])
@pytest.mark.parametrize(
    ("error_model", "targets", "named", "others"),
    [
        ("{name: nan}", "{}", "'nan' cannot corrupt the target 'best'", "1 other.*'above'"),
        (
            "{name: bitflip, configuration: {bit: 40}}",
            "{tensors: [best, kept, y]}",
            r"'bitflip' cannot corrupt the target 'kept' \(Where, float32 of shape \(N, 3\)\)",
            "1 other.*'y'",
        ),
        (
            "{name: spatial, configuration: {model: auto}}",
            "{tensors: [kept]}",
            "'spatial' cannot corrupt the target 'kept'",
            "",
        ),
        (
            "{name: bitflip, configuration: {bit: exponent}}",
            "{dtypes: [bool]}",
            "'bitflip' cannot corrupt the target 'above'",
            "",
        ),
    ],
)
def test_refused_before_anything_is_written(
    campaign: Any,
    tmp_path: Path,
    error_model: str,
    targets: str,
    named: str,
    others: str,
    injections: str,
) -> None:
    with pytest.raises(ErrorModelError, match=f"{named}.*exclude.*{others}"):
        campaign(error_model, targets, injections)
    assert not (tmp_path / "run").exists()


def test_what_suits_is_taken(campaign: Any) -> None:
    campaign("{name: nan}", "{dtypes: [float]}")


@pytest.mark.parametrize(
    "error_model",
    [
        "bitflip",
        "stuckat:value=1",
        "zero",
        "constant:value=1",
        "random",
        "noise:magnitude=1",
        "scale:factor=2",
    ],
)
def test_error_models_for_every_dtype_are_never_refused(error_model: str) -> None:
    loaded = load(integers())
    targets = loaded.targets()
    shapes = {x: tuple(y if isinstance(y, int) else 1 for y in x.shape or ()) for x in targets}
    check_error_models([(x, load_error_model(error_model)) for x in targets], shapes)
