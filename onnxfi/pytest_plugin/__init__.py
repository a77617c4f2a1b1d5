"""The pytest plugin: the fixture ``fault_campaign``.

Nothing of it is imported before a test asks for the fixture.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from onnxfi.pytest_plugin.cached_campaigns import MeasuredRates


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("onnxfi", "fault injection")
    group.addoption(
        "--onnxfi-update",
        action="store_true",
        help="Run the campaigns of fault_campaign again, also those that are kept.",
    )
    group.addoption(
        "--onnxfi-cache",
        metavar="DIR",
        help="Keep the campaigns of fault_campaign here; default: in pytest's cache.",
    )


@pytest.fixture(scope="session")
def fault_campaign(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Callable[..., MeasuredRates]":
    """Run a campaign, or take a kept one of the same faults, and return its rates.

    It takes what `onnxfi.Campaign` takes: a model, inputs, error models and so on, but no ``out``.

        def test_resilience(fault_campaign):
            rates = fault_campaign("model.onnx", inputs="x.npz", error_models="bitflip",
                                   injections=200)
            assert rates.sdc.upper < 0.03
    """
    from onnxfi.pytest_plugin.cached_campaigns import CampaignCache

    folder = request.config.getoption("--onnxfi-cache")
    cache = request.config.cache if hasattr(request.config, "cache") else None
    if folder is not None:
        place = Path(folder)
    elif cache is not None:
        place = cache.mkdir("onnxfi")
    else:
        place = tmp_path_factory.mktemp("onnxfi")
    campaigns = CampaignCache(place, update=bool(request.config.getoption("--onnxfi-update")))

    def run(model: Any, **arguments: Any) -> "MeasuredRates":
        from onnxfi.errors import OnnxfiError

        try:
            return campaigns.run(model=model, **arguments)
        except OnnxfiError as error:
            pytest.fail(f"fault_campaign: {error}", pytrace=False)

    return run
