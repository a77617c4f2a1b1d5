"""Lanes on the device, tried with the nodes that patch on the CPU."""

import numpy as np

import onnxfi
from onnxfi.suffix import RunSettings
from onnxfi.suffix.lanes.device import DeviceLaneSession
from onnxfi.suffix.lanes.lane_session import Workspace
from onnxfi.suffix.patches import LanePatch
from tests.support.small_graphs import SMALL_GRAPHS


def test_whole_tensors_beside_single_elements() -> None:
    (stage,) = onnxfi.split(onnxfi.load(SMALL_GRAPHS["skips"]()), "cat").stages
    session = DeviceLaneSession(stage.model, ["cat"], RunSettings(threads=1))
    rng = np.random.default_rng(0)
    golden, other = (rng.standard_normal((1, 10, 6, 6)).astype(np.float32) for _ in range(2))
    patches = [
        {"cat": LanePatch(np.array([3]), np.array([9.0], np.float32))},
        {"cat": LanePatch((slice(None),) * 4, other)},
        {},
    ]
    made = session.run_patched([{"cat": golden}] * 3, patches, Workspace())
    corrupted = [patches[0]["cat"].applied(golden), other, golden]
    for name, batch in made.items():
        for lane, value in enumerate(corrupted):
            expected = session.run({"cat": value})[name]
            assert batch[lane : lane + 1].tobytes() == expected.tobytes()
