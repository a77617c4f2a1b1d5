"""``onnxfi embed``: what it writes, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnxfi import Injector, load
from onnxfi.error_models import SiteList

EMBED = ("embed", "lenet.onnx", "--out", "e.onnx")
DRAW = (*EMBED, "--target", "conv1", "--inputs", "x.npz", "--error-model", "random:count=3")


def run(path: str, feeds: dict[str, Any]) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, feeds)
    return scores  # type: ignore[no-any-return]


def test_each_corruption_is_that_of_the_injection(onnxfi: Callable[..., Any], work: Path) -> None:
    result = onnxfi(*DRAW, "--sites", 12, "--seed", 4, "--save-sites", "sites.npz")
    assert (result.status, result.stdout) == (0, "e.onnx\n")
    assert "12 corruptions of conv1, selected by the input saboteur/conv1" in result.stderr
    onnx.checker.check_model("e.onnx", full_check=True)
    injected = onnxfi(
        *("inject", "lenet.onnx", "--target", "conv1", "--inputs", "x.npz", "--count", 12),
        *("--error-model", "random:count=3", "--seed", 4, "--provider", "cpu", "--json"),
    )
    listed = SiteList.load(Path("sites.npz")).corruptions
    for row, corruption in zip(json.loads(injected.stdout)["injections"], listed, strict=True):
        (expected,) = row["corruptions"]
        assert corruption.indices.tolist() == expected["indices"]
        assert corruption.values.tolist() == expected["values"]

    x = np.load("x.npz")["image"]
    np.testing.assert_allclose(
        run("e.onnx", {"image": x}), run("lenet.onnx", {"image": x}), rtol=1e-5
    )
    with Injector(load("lenet.onnx"), "conv1", provider="cpu") as injector:
        golden = injector.golden({"image": x[:1]})
        for number, corruption in enumerate(listed):
            expected = injector.resume(golden, corruption.apply(golden.target))
            got = run("e.onnx", {"image": x[:1], "saboteur/conv1": np.array([number])})
            np.testing.assert_allclose(got, *expected.values(), rtol=1e-4)  # type: ignore[call-overload]


@pytest.mark.parametrize("saved", ["sites.npz", "injections.npy"])
@pytest.mark.parametrize("target", ["conv1", "image", "dense1", "conv1/kernel"])
def test_what_is_saved_can_be_embedded(
    onnxfi: Callable[..., Any], work: Path, saved: str, target: str
) -> None:
    spec = ("--error-model", "bitflip:count=2", "--sites", 5, "--save-sites", saved)
    assert onnxfi(*EMBED, "--target", target, *spec).status == 0
    assert Path("masks.npy").exists() == (saved == "injections.npy")
    first = saboteur_constants("e.onnx", f"saboteur/{target}")
    assert onnxfi(*EMBED, "--target", target, "--sites", saved).status == 0
    again = saboteur_constants("e.onnx", f"saboteur/{target}")
    for name in ("sites", "values"):  # the dense pair sorts the sites of a corruption
        assert np.array_equal(np.sort(again[name]), np.sort(first[name]))


def bits_of(array: np.ndarray) -> np.ndarray:
    return array.view(f"u{array.itemsize}")


def saboteur_constants(path: str, name: str) -> dict[str, np.ndarray]:
    return {
        x.name.removeprefix(f"{name}/"): bits_of(numpy_helper.to_array(x))
        for x in onnx.load(path).graph.initializer
        if x.name.startswith(f"{name}/")
    }


def test_a_published_pair_counts_channels_last(onnxfi: Callable[..., Any], work: Path) -> None:
    target = load("lenet.onnx").target("conv1")
    assert target.shape is not None
    assert target.channel_axis is not None
    sample = target.shape[1:]
    channels = sample[target.channel_axis - 1]
    height, width = (x for i, x in enumerate(sample, 1) if i != target.channel_axis)
    injections, masks = (
        np.zeros((2, height, width, channels)),  # type: ignore[type-var]
        np.ones((2, height, width, channels)),  # type: ignore[type-var]
    )
    injections[1, 2, 1, 3], masks[1, 2, 1, 3] = np.inf, 0
    np.save("injections.npy", injections)
    np.save("masks.npy", masks)
    result = onnxfi(
        *EMBED, "--target", "conv1", "--sites", "injections.npy", "--save-sites", "s.npz"
    )
    assert result.status == 0, result.stderr
    untouched, hit = SiteList.load(Path("s.npz")).corruptions
    assert untouched.indices.size == 0
    place = np.unravel_index(hit.indices[0], sample)  # type: ignore[arg-type]
    expected = [2, 1]
    expected.insert(target.channel_axis - 1, 3)
    assert list(place) == expected
    assert hit.values.tolist() == [np.inf]


def test_without_inputs(onnxfi: Callable[..., Any], work: Path) -> None:
    command = (*EMBED, "--error-model", "bitflip", "--sites", 40, "--save-sites", "a.npz")
    result = onnxfi(*command, "--target", "conv1")
    assert result.status == 0
    assert "standard normal inputs" in result.stderr
    first = SiteList.load(Path("a.npz"))
    assert len(first.corruptions) == 40
    onnxfi(*command, "--target", "conv1")
    assert SiteList.load(Path("a.npz")).corruptions == first.corruptions
    onnxfi(*command, "--target", "conv1", "--seed", 1)
    assert SiteList.load(Path("a.npz")).corruptions != first.corruptions
    # What a weight is does not depend on the inputs.
    assert "inputs" not in onnxfi(*command, "--target", "conv1/kernel").stderr


def test_integers_and_free_axes_without_inputs(onnxfi: Callable[..., Any], work: Path) -> None:
    table = np.arange(8, dtype=np.float32).reshape(4, 2)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "words"], ["vectors"])],
        "words",
        [helper.make_tensor_value_info("words", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", "length", 2])],
        [numpy_helper.from_array(table, "table")],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), "words.onnx")
    result = onnxfi(
        *("embed", "words.onnx", "--target", "vectors", "--error-model", "zero"),
        *("--sites", 4, "--save-sites", "sites.npz", "--out", "e.onnx"),
    )
    assert result.status == 0, result.stderr
    sites = SiteList.load(Path("sites.npz"))
    assert sites.shape == (1, 2)
    last = int(sites.corruptions[3].indices[0])
    got = run(
        "e.onnx", {"words": np.array([[3, 2], [1, 3]]), "saboteur/vectors": np.array([3, -1])}
    )
    expected = table[[[3, 2], [1, 3]]]
    expected[0, 0, last] = 0
    assert got.tolist() == expected.tolist()


def test_one_saboteur_after_the_other(onnxfi: Callable[..., Any], work: Path) -> None:
    assert onnxfi(*DRAW, "--sites", 2).status == 0
    command = ("embed", "e.onnx", "--target", "conv2", "--error-model", "zero", "--sites", 3)
    assert onnxfi(*command, "--out", "e.onnx").status == 0
    session = onnxruntime.InferenceSession("e.onnx", providers=["CPUExecutionProvider"])
    assert [x.name for x in session.get_inputs()] == ["image"]
    names = {x.name for x in session.get_overridable_initializers()}
    assert {"saboteur/conv1", "saboteur/conv2"} <= names
    refused = onnxfi(*command, "--out", "f.onnx")
    assert (refused.status, refused.stdout) == (2, "")
    assert "'conv2' has one" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--error-model", "zero", "--sites", "0"), "at least 1, got '0'"),
        (("--error-model", "zero", "--sites", "sites.npz"), "got 'sites.npz'. To embed a file"),
        (("--sites", "12"), "got '12'"),
        (("--sites", "none.npz"), "none.npz"),
        (("--sites", "x.npz"), "no array 'version'"),
        (("--sites", "injections.npy"), "injections.npy must be"),
        (("--error-model", "zero", "--sites", "1", "--save-sites", "s.txt"), "got 's.txt'"),
        (("--error-model", "zero", "--sites", "1", "--save-sites", "values.npy"), "'values.npy'"),
        (("--error-model", "zer", "--sites", "1"), "zero"),
        (("--error-model", "zero", "--sites", "1", "--inputs", "none.npz"), "none.npz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_mistakes(onnxfi: Callable[..., Any], work: Path, arguments: Any, message: str) -> None:
    result = onnxfi(*EMBED, "--target", "conv1", *arguments)
    assert result.status == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_sites_of_another_target(onnxfi: Callable[..., Any], work: Path) -> None:
    assert onnxfi(*DRAW, "--sites", 1, "--save-sites", "sites.npz").status == 0
    result = onnxfi(*EMBED, "--target", "conv2", "--sites", "sites.npz")
    assert result.status == 2
    assert "'conv2' must be corrupted at shape" in result.stderr
