"""Tests that records do not depend on how a campaign is run."""

import tempfile
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onnxfi.campaign import Campaign
from onnxfi.configuration import Configuration
from onnxfi.run_directory import read_records

_EXECUTION = st.fixed_dictionaries(
    {
        "workers": st.integers(1, 5),
        "shard": st.integers(1, 40),
        "lanes": st.sampled_from(["auto", 1, 2, 5, 64]),
        "propagation": st.booleans(),
    }
)


def _executor(kind: str) -> Any:
    if kind == "processes":
        return ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    return ThreadPoolExecutor(3) if kind == "threads" else nullcontext()


@pytest.mark.nightly
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    execution=_EXECUTION,
    kind=st.sampled_from(["own", "own", "threads", "processes"]),
    stops=st.lists(st.integers(1, 200), max_size=2),
)
def test_any_execution_any_executor_any_interrupt(
    work: Path, finished: Path, execution: dict[str, Any], kind: str, stops: list[int]
) -> None:
    configuration = Configuration.from_yaml(work / "campaign.yaml")
    changed = configuration.execution.model_copy(update=execution)
    configuration = configuration.model_copy(update={"execution": changed})
    with tempfile.TemporaryDirectory(dir=work) as folder:
        campaign = Campaign(configuration, out=folder)
        for stop in [*stops, None]:
            done = 0

            def interrupt(count: int, stop: int | None = stop) -> None:
                nonlocal done
                done += count
                if stop is not None and count and done >= stop:
                    raise KeyboardInterrupt

            pool: Any = _executor(kind)
            with pool as executor:
                assert executor is None or isinstance(executor, Executor)
                try:
                    campaign.run(executor, on_injections=interrupt)
                except KeyboardInterrupt:
                    assert stop is not None
            campaign = Campaign.open(folder)
        # As texts, in which a NaN equals a NaN.
        records, expected = (repr(read_records(x).to_pylist()) for x in (folder, finished))
        assert records == expected
