"""Workers that run out of memory: no outcome is recorded that the fault did not cause."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

import onnxfi
from onnxfi.campaign import Campaign
from onnxfi.errors import ConfigurationError, InputError, OutOfMemoryError
from onnxfi.runtime import Session
from tests.support.disturbed_runs import check_kept, check_one_message, check_resumes
from tests.support.small_campaign import make_classifier

REFUSED = "ONNX Runtime could not run the model: Failed to allocate memory for requested buffer"
SIDE, CHANNELS = 128, 64


def without_memory(session: Session, feeds: Mapping[str, Any]) -> Any:
    raise InputError(REFUSED)


def test_lost_memory_is_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    with onnxfi.Injector(onnxfi.load(make_classifier()), "flat", provider="cpu") as injector:
        golden = injector.golden({"image": np.ones((1, 1, 8, 8), np.float32)})
        monkeypatch.setattr(Session, "run", without_memory)
        with pytest.raises(OutOfMemoryError, match="this is not an outcome"):
            list(injector.inject(golden, "bitflip:bit=30", count=20))


@pytest.mark.parametrize("error", [InputError(REFUSED), MemoryError("no room"), MemoryError()])
def test_lost_memory_ends_the_run(
    work: Path, finished: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    run, shards = work / "run", 0

    def take_memory(outcomes: object) -> None:
        nonlocal shards
        shards += 1
        if shards == 5:

            def fail(session: Session, feeds: Mapping[str, Any]) -> Any:
                raise error

            monkeypatch.setattr(Session, "run", fail)

    with pytest.raises(ConfigurationError, match=r"memory|no room") as caught:
        Campaign.from_yaml(work / "campaign.yaml", out=run).run(on_shard=take_memory)
    assert "Finished shards are kept. Use fewer workers" in str(caught.value)
    monkeypatch.undo()
    assert check_kept(run) >= 30
    check_resumes(run, finished)


def make_large(folder: Path) -> None:
    """Write a campaign whose tensors take 4 MiB each."""
    rng = np.random.default_rng(0)

    def weights(name: str, *shape: int) -> TensorProto:
        return numpy_helper.from_array(rng.normal(0, 0.1, shape).astype(np.float32), name)

    pads = [1, 1, 1, 1]
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], pads=pads),
        helper.make_node("Softplus", ["c1"], ["s1"]),
        helper.make_node("Conv", ["s1", "w2"], ["c2"], pads=pads),
        helper.make_node("Softplus", ["c2"], ["s2"]),
        helper.make_node("GlobalAveragePool", ["s2"], ["p"]),
        helper.make_node("Flatten", ["p"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "large",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", CHANNELS])],
        [weights("w1", CHANNELS, 1, 3, 3), weights("w2", CHANNELS, CHANNELS, 3, 3)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "m.onnx")
    np.save(folder / "x.npy", rng.normal(size=(3, 1, SIDE, SIDE)).astype(np.float32))
    document = {
        "model": "m.onnx",
        "inputs": {"file": "x.npy"},
        "targets": {"tensors": ["c1", "s1", "c2", "s2"]},
        "error_models": ["bitflip"],
        "injections": {"per_target": 20},
        "execution": {"provider": "cpu", "workers": 2, "shard": 5, "propagation": False},
    }
    (folder / "campaign.yaml").write_text(yaml.safe_dump(document))


# After the second shard, this process may take less than one more tensor.
_PROGRAM = """\
import resource, sys
from onnxfi.cli.campaign.live_view import LiveView
from onnxfi.cli.main import main
shards = 0
def take_memory(view, outcomes):
    global shards
    shards += 1
    if shards == 2:
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used, resource.RLIM_INFINITY))
LiveView.add = take_memory
main()
"""


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
def test_a_process_that_gets_no_memory(tmp_path: Path) -> None:
    make_large(tmp_path)
    command = [sys.executable, "-c", _PROGRAM, "campaign", "run", "campaign.yaml", "--out", "run"]
    environment = os.environ | {"PYTHONPATH": str(Path(onnxfi.__file__).parents[1])}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (2, "")
    check_one_message(done.stderr, "llocate", "Finished shards are kept")
    assert check_kept(tmp_path / "run") >= 10
    Campaign.from_yaml(tmp_path / "campaign.yaml", out=tmp_path / "undisturbed").run()
    check_resumes(tmp_path / "run", tmp_path / "undisturbed")
