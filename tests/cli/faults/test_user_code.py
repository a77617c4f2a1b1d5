"""A metric or an error model that fails, hangs or ends the process: one message, no lie."""

import os
import re
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onnxfi.campaign.running.local import submitting
from onnxfi.cli.campaign.live_view import LiveView
from tests.support.disturbed_runs import check_kept, check_one_message, rows_of

RUN = ("campaign", "run", "campaign.yaml", "--out", "run")
# It works, until there is a file that says what to do.
CODE = """\
import os, sys, time
from pathlib import Path
import numpy as np
from onnxfi.error_models import Corruption

def act():
    if not Path("act").exists():
        return
    match Path("act").read_text():
        case "sys.exit": sys.exit(0)
        case "os._exit": os._exit(0)
        case "raise": raise ValueError("boom")
        case "interrupt": raise KeyboardInterrupt
        case "recurse": act()
        case "hang":
            Path("hung").touch()
            end = time.monotonic() + 20
            while Path("act").exists() and time.monotonic() < end: time.sleep(0.01)

def far(golden, faulty):
    act()
    return False

class Zeros:
    name = "{module}:Zeros"
    def sample(self, golden, *, channel_axis, rng):
        act()
        return Corruption(np.array([rng.integers(golden.size)]), np.zeros(1, golden.dtype))
    def to_dict(self):
        return {{"name": self.name, "configuration": {{}}}}
"""


@pytest.fixture(params=["metric", "error model"])
def code(
    request: pytest.FixtureRequest, work: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Give the name of the user's code in messages, in a campaign that uses it."""
    module = f"faulty_{uuid.uuid4().hex}"
    (work / f"{module}.py").write_text(CODE.format(module=module))
    monkeypatch.syspath_prepend(str(work))
    text = (work / "campaign.yaml").read_text()
    if request.param == "metric":
        text += f"metric: {{name: '{module}:far'}}\n"
        name = f"metric {module}:far"
    else:
        text = re.sub(r"error_models: .*", f"error_models: ['{module}:Zeros']", text)
        name = f"error model {module}:Zeros"
    (work / "campaign.yaml").write_text(text)
    yield name
    sys.modules.pop(module, None)


@pytest.fixture
def act_after_three_shards(work: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give a function that lets the user's code do something in the next run."""

    def prepare(act: str) -> None:
        add, shards = LiveView.add, 0

        def count(view: LiveView, outcomes: Any) -> None:
            nonlocal shards
            add(view, outcomes)
            shards += 1
            if shards == 3:
                (work / "act").write_text(act)

        monkeypatch.setattr(LiveView, "add", count)

    return prepare


FAILURES = {
    "raise": "ValueError: boom",
    "sys.exit": "SystemExit: 0",
    "os._exit": "SystemExit: 0",
    "interrupt": "KeyboardInterrupt",
    "recurse": "RecursionError: maximum recursion depth exceeded",
}


@pytest.mark.parametrize(
    "act",
    [pytest.param(x, marks=() if x == "os._exit" else pytest.mark.thorough) for x in FAILURES],
)
def test_code_that_fails(
    onnxfi: Callable[..., Any],
    work: Path,
    code: str,
    act: str,
    act_after_three_shards: Callable[[str], None],
) -> None:
    act_after_three_shards(act)
    result = onnxfi(*RUN)
    assert (result.status, result.stdout) == (2, "")
    check_one_message(
        result.stderr,
        f"{code} failed: {FAILURES[act]}",
        "Finished shards are kept",
        f"then continue with `onnxfi campaign resume {work / 'run'}`",
    )
    injection = re.search(r"Error: Injection (\d+): [Tt]he ", result.stderr)
    assert injection is not None, result.stderr
    assert int(injection[1]) >= 60
    (work / "act").unlink()
    assert check_kept(work / "run") >= 60
    assert onnxfi("campaign", "resume", "run").status == 0
    assert onnxfi("campaign", "run", "campaign.yaml", "--out", "undisturbed").status == 0
    assert rows_of("run") == rows_of("undisturbed")


@pytest.mark.thorough
def test_code_that_never_returns(
    onnxfi: Callable[..., Any],
    work: Path,
    code: str,
    act_after_three_shards: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An interrupt ends the program, whose thread would keep it alive, and names the injection."""
    monkeypatch.setattr(submitting, "GRACE", 0.2)
    act_after_three_shards("hang")
    ended = []

    def end(status: int) -> None:
        ended.append(status)
        raise SystemExit(status)

    monkeypatch.setattr("onnxfi.cli.main.os._exit", end)

    def interrupt() -> None:
        while not (work / "hung").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=interrupt).start()
    result = onnxfi(*RUN)
    (work / "act").unlink()
    assert (result.status, result.stdout, ended) == (130, "", [130])
    *_, named, last = result.stderr.splitlines()
    injection = re.fullmatch(rf"Injection (\d+): the {code} has been running for \d+ s\.", named)
    assert injection is not None, result.stderr
    assert int(injection[1]) >= 60
    assert re.match(r"Interrupted after \d+ of 200 injections", last)
    for thread in threading.enumerate():
        if thread.name.startswith("onnxfi-shards"):
            thread.join()
    kept = check_kept(work / "run")  # the shard that hung is not written when it returns at last
    assert f"Interrupted after {kept} of" in last
    monkeypatch.undo()
    monkeypatch.chdir(work)
    monkeypatch.syspath_prepend(str(work))
    assert onnxfi("campaign", "resume", "run").status == 0


@pytest.mark.thorough
def test_a_hang_in_the_rehearsal(
    onnxfi: Callable[..., Any], work: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "act").write_text("hang")

    def interrupt() -> None:
        while not (work / "hung").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    result = onnxfi(*RUN)
    assert (result.status, result.stdout) == (130, "")
    named, last = result.stderr.splitlines()[-2:]
    assert f"{code} has been running for" in named
    assert last == "Interrupted before the first injection. Nothing was written."
    assert not (work / "run").exists()
