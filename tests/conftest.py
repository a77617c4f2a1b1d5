"""Shared by all tests."""

import importlib.util
from collections.abc import Iterator

import onnxruntime
import pytest
from hypothesis import HealthCheck, settings

from tests.support.small_campaign import finished, work, write

# How long an example takes depends on what else the machine does.
settings.register_profile("any_load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_load")

__all__ = ["finished", "idle_threads_sleep", "live", "work", "write"]


@pytest.fixture
def live() -> None:
    """Skip where a live oracle is not installed; `make test-all` installs them."""
    for package in ("tensorflow", "torch", "onnxscript"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}, the extra oracles (make test-all has it)")


class QuietOptions(onnxruntime.SessionOptions):  # type: ignore[misc]  # untyped
    """Options of sessions whose idle threads sleep: they would take processors from other tests."""

    def __init__(self) -> None:
        """Turn spinning off; it changes no result."""
        super().__init__()
        self.add_session_config_entry("session.intra_op.allow_spinning", "0")


@pytest.fixture(autouse=True, scope="session")
def idle_threads_sleep() -> Iterator[None]:
    """Let all sessions of this process have idle threads that sleep."""
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(onnxruntime, "SessionOptions", QuietOptions)
        yield
