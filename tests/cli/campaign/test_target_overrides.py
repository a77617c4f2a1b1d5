"""Options that override ``targets`` of a configuration."""

from pathlib import Path
from typing import Any

import pytest

from onnxfi.cli.campaign.target_overrides import override_targets
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError
from onnxfi.graph.choosing.selection import Exclusion, Selection


@pytest.fixture
def configuration(work: Path) -> Configuration:
    """Give a configuration whose targets are the outputs of Conv and Relu."""
    return Configuration.from_yaml(work / "campaign.yaml")


def targets(configuration: Configuration, **wanted: Any) -> dict[str, Any]:
    """Return the keys of ``targets`` after options have overridden them."""
    found = override_targets(configuration, Selection(**wanted)).targets
    assert not isinstance(found, tuple | list)
    return found.model_dump(exclude_defaults=True)


def test_without_options_nothing_changes(configuration: Configuration) -> None:
    assert override_targets(configuration, Selection()) is configuration


def test_options_replace_the_keys_that_they_give(configuration: Configuration) -> None:
    kept = targets(configuration)["ops"]
    assert targets(configuration, layers=("conv*",)) == {"ops": kept, "layers": ("conv*",)}
    assert list(targets(configuration, ops=("Gemm",))["ops"]) == ["Gemm"]
    excluded = targets(configuration, exclude=Exclusion(layers=("conv2",)))["exclude"]
    assert list(excluded["layers"]) == ["conv2"]


def test_a_list_of_targets_is_refused(configuration: Configuration, work: Path) -> None:
    path = work / "several.yaml"
    text = (work / "campaign.yaml").read_text()
    path.write_text(text.replace("targets: {ops: [Conv, Relu]}", "targets: [{tensors: [conv1]}]"))
    several = Configuration.from_yaml(path)
    with pytest.raises(ConfigurationError, match="is a list of selections"):
        override_targets(several, Selection(ops=("Conv",)))
