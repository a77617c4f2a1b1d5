"""The model or the inputs change or vanish while a campaign runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from onnxfi.campaign import Campaign
from onnxfi.campaign.running import record_shard
from onnxfi.errors import ConfigurationError, InputError
from onnxfi.run_directory import RunDirectory, Shard
from tests.support.disturbed_runs import check_kept, check_resumes
from tests.support.small_campaign import make_classifier


def other_model(path: Path) -> None:
    onnx.save(make_classifier(seed=1), path)


def other_bytes(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def run_and_disturb(run: Path, disturb: Callable[[], None], at: int = 5) -> None:
    """Run a campaign; after a few shards something happens."""
    shards = 0

    def count(outcomes: object) -> None:
        nonlocal shards
        shards += 1
        if shards == at:
            disturb()

    Campaign.from_yaml(run.parent / "campaign.yaml", out=run).run(on_shard=count)


@pytest.mark.parametrize(
    ("name", "disturb", "message"),
    [
        ("model.onnx", other_model, "The model changed since the campaign began"),
        pytest.param(
            *("model.onnx", Path.unlink, "cannot be read: .*model.onnx"), marks=pytest.mark.thorough
        ),
        pytest.param(
            *("inputs.npz", other_bytes, "The inputs changed since the campaign began"),
            marks=pytest.mark.thorough,
        ),
        ("inputs.npz", Path.unlink, "cannot be read: .*inputs.npz"),
    ],
)
def test_a_file_of_the_campaign(
    work: Path, finished: Path, name: str, disturb: Callable[[Path], None], message: str
) -> None:
    run, content = work / "run", (work / name).read_bytes()
    with pytest.raises(ConfigurationError, match=message):
        run_and_disturb(run, lambda: disturb(work / name))
    with pytest.raises((ConfigurationError, OSError, ValueError)):
        Campaign.open(run)
    (work / name).write_bytes(content)
    assert 30 <= check_kept(run) < 240
    check_resumes(run, finished)


@pytest.mark.parametrize("vanishes", [pytest.param(True, marks=pytest.mark.thorough), False])
def test_one_of_several_input_files(work: Path, write: Callable[..., Path], vanishes: bool) -> None:
    """They are read when their injections come."""
    rng = np.random.default_rng(0)
    for number in range(4):
        np.save(work / f"x{number}.npy", rng.normal(size=(1, 1, 8, 8)).astype(np.float32))
    write(inputs={"file": "x*.npy"}, metric={"name": "regression"})
    Campaign.from_yaml(work / "campaign.yaml", out=work / "undisturbed").run()
    path, run = work / "x3.npy", work / "run"
    content = path.read_bytes()

    def disturb() -> None:
        path.unlink() if vanishes else np.save(path, np.zeros((1, 1, 8, 8), np.float32))

    with pytest.raises((ConfigurationError, InputError), match=r"x3.npy|The inputs changed"):
        run_and_disturb(run, disturb, at=1)
    path.write_bytes(content)
    check_kept(run)
    check_resumes(run, work / "undisturbed")


def test_external_weights(work: Path, finished: Path) -> None:
    """They are mapped into memory, so a change reaches the sessions that open later."""
    weights, run = work / "w.bin", work / "run"
    proto = onnx.load(work / "model.onnx")
    onnx.save(
        proto, work / "model.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
    )
    content = weights.read_bytes()

    def disturb() -> None:
        with weights.open("r+b") as file:
            file.write(bytes(64))

    with pytest.raises(ConfigurationError, match="The model changed since the campaign began"):
        run_and_disturb(run, disturb)
    weights.write_bytes(content)
    check_kept(run)
    check_resumes(run, finished)


def test_a_file_that_is_written_again_as_it_was(work: Path, finished: Path) -> None:
    run, path = work / "run", work / "inputs.npz"

    def rewrite() -> None:
        path.write_bytes(path.read_bytes())

    run_and_disturb(run, rewrite)
    check_resumes(run, finished)


def test_a_change_while_the_campaign_begins(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest would have the hash of a file that was not read."""
    create = RunDirectory.create

    def create_later(*arguments: Any, **options: Any) -> RunDirectory:
        other_bytes(work / "inputs.npz")
        return create(*arguments, **options)

    monkeypatch.setattr(RunDirectory, "create", create_later)
    campaign = Campaign.from_yaml(work / "campaign.yaml", out=work / "run")
    with pytest.raises(ConfigurationError, match=r"inputs.npz changed while the campaign began"):
        campaign.begin()
    assert not (work / "run").exists()


def test_a_worker_that_opens_later(work: Path) -> None:
    """A process of a cluster opens the campaign when its first shard comes."""
    begun = Campaign.from_yaml(work / "campaign.yaml", out=work / "run").begin().directory
    other_model(work / "model.onnx")
    with pytest.raises(ConfigurationError, match="The model changed"):
        record_shard.run_shard(begun.place, begun.manifest["run_id"], Shard(0, 7, 0))
    assert begun.files() == []
