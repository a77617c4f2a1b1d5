"""Tests the replay of an injection that hits several targets."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from onnx.utils import Extractor

from onnxfi.campaign import Campaign
from onnxfi.campaign.replaying.replay import replay
from onnxfi.run_directory import read_records


@pytest.mark.parametrize("tensors", [["conv"], ["conv", "scores"]])
def test_the_corrupted_tensors_are_those_that_the_record_tells_of(
    work: Path, write: Callable[..., Path], tensors: list[str]
) -> None:
    models = [{"name": "bitflip", "configuration": {"bit": "mantissa"}}]
    path = write(targets=[{"tensors": [x]} for x in tensors], error_models=models)
    run = Campaign.from_yaml(path, out=work / "run").run()
    proto = onnx.shape_inference.infer_shapes(onnx.load(work / "model.onnx"))
    images = np.load(work / "inputs.npz")["images"]
    for row in read_records(run.path).to_pylist()[::5]:
        done = replay(run.path, row["injection_id"])
        assert done.same
        assert done.differences == ()
        assert set(done.corrupted) == set(tensors)
        known = {"image": images[row["input_index"] : row["input_index"] + 1]}
        for number, (tensor, following) in enumerate(
            zip(tensors, [*tensors[1:], "probabilities"], strict=True)
        ):
            if number == 0:
                first = Extractor(proto).extract_model(["image"], [tensor])
                value = np.asarray(*ReferenceEvaluator(first).run(None, known))
            corrupted = done.corrupted[tensor]
            # The reference computes in another order; only the sites differ by more than that.
            np.testing.assert_allclose(
                np.delete(corrupted.ravel(), row["indices"][number]),
                np.delete(value.ravel(), row["indices"][number]),
                rtol=1e-4,
                atol=1e-5,
            )
            assert corrupted.ravel()[row["indices"][number]] == row["values"][number]
            part = Extractor(proto).extract_model([tensor], [following])
            value = np.asarray(*ReferenceEvaluator(part).run(None, {tensor: corrupted}))
        np.testing.assert_allclose(
            done.injection.outputs["probabilities"], value, rtol=1e-4, atol=1e-6
        )
        done.save(work / "out")
        assert {x.name for x in (work / "out").glob("sites_*")} == {
            f"sites_{number}.npz" for number in range(len(tensors))
        }
