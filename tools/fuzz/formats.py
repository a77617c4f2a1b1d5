"""Makes damaged files of each format, with the command that reads them."""

import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import yaml

from onnxfi.errors import OnnxfiError
from onnxfi.run_directory import read_records
from tools.fuzz.mutations import damage_bytes, damage_document, damage_message, nested

#: Fills an empty folder with files, one of them damaged; returns the command that reads it.
MakeCase = Callable[[Path, random.Random], Sequence[str]]


def onnx_models(models: Sequence[Path]) -> MakeCase:
    """Damage ONNX files, as bytes or as messages."""
    contents = [path.read_bytes() for path in models]

    def make(folder: Path, rng: random.Random) -> Sequence[str]:
        content = rng.choice(contents)
        if rng.random() < 0.5:
            content = damage_bytes(content, rng)
        else:
            model = onnx.load_from_string(content)
            damage_message(model, rng)
            content = model.SerializeToString()
        (folder / "model.onnx").write_bytes(content)
        return rng.choice(
            [
                ["inspect", "model.onnx"],
                ["inspect", "model.onnx", "--lanes"],
                ["inspect", "model.onnx", "--kind", "weight"],
            ]
        )

    return make


def keras_files(files: Sequence[Path]) -> MakeCase:
    """Damage Keras files: bytes, or the configuration inside."""

    def make(folder: Path, rng: random.Random) -> Sequence[str]:
        source = rng.choice(files)
        path = folder / f"model{source.suffix}"
        if rng.random() < 0.25:
            path.write_bytes(damage_bytes(source.read_bytes(), rng))
        elif source.suffix == ".keras":
            _damage_archive(source, path, rng)
        else:
            shutil.copy(source, path)
            _damage_configuration(path, rng)
        return rng.choice([["describe", path.name], ["convert", path.name, "model.onnx"]])

    return make


def _damage_archive(source: Path, path: Path, rng: random.Random) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = _json(damage_document(json.loads(content), rng))
            elif rng.random() < 0.2:
                content = damage_bytes(content, rng)
            new.writestr(name, content)


def _damage_configuration(path: Path, rng: random.Random) -> None:
    with h5py.File(path, "r+") as file:
        if "model_config" in file.attrs:
            text = file.attrs["model_config"]
            text = text.decode() if isinstance(text, bytes) else text
            file.attrs["model_config"] = _json(damage_document(json.loads(text), rng))
        if rng.random() < 0.2:
            names: list[str] = []
            file.visit(names.append)
            if names:
                del file[rng.choice(names)]


def _json(document: Any) -> bytes:
    return nested(json.dumps(document, default=str)).encode("utf-8", errors="replace")


def arrays(model: Path) -> MakeCase:
    """Damage .npz and .npy files of inputs."""
    size = 8

    def make(folder: Path, rng: random.Random) -> Sequence[str]:
        shutil.copy(model, folder / "model.onnx")
        values = np.zeros((4, 1, size, size), np.float32)
        made: list[Any] = [
            values,
            values[:0],
            values.astype(np.float16),
            values.astype(np.complex64),
            values.astype(np.int64),
            values.astype("datetime64[s]"),
            values.astype("S3"),
            values.astype(object),
            np.zeros(4, [("a", np.float32), ("b", np.int8)]),
            values[..., 0],
            np.asfortranarray(values),
            values.astype(">f4"),
        ]
        stream = io.BytesIO()
        which = made[0] if rng.random() < 0.6 else rng.choice(made)
        if rng.random() < 0.7:
            rng.choice([np.savez, np.savez_compressed])(stream, images=which, labels=np.zeros(4))
            name = "inputs.npz"
        else:
            np.save(stream, which)
            name = "inputs.npy"
        content = stream.getvalue()
        if rng.random() < 0.8:
            content = damage_bytes(content, rng)
        (folder / name).write_bytes(content)
        words = ["inject", "model.onnx", "--target", "conv", "--error-model", "bitflip"]
        return [*words, "--inputs", name]

    return make


def configurations(model: Path, inputs: Path, document: Any) -> MakeCase:
    """Damage campaign.yaml, as bytes or as a document."""

    def make(folder: Path, rng: random.Random) -> Sequence[str]:
        shutil.copy(model, folder / "model.onnx")
        shutil.copy(inputs, folder / "inputs.npz")
        if rng.random() < 0.3:
            content = damage_bytes(yaml.safe_dump(document).encode(), rng)
        else:
            content = _json(damage_document(document, rng))  # JSON is YAML
        (folder / "campaign.yaml").write_bytes(content)
        return ["campaign", "plan", "campaign.yaml"]

    return make


def error_models(files: Sequence[Path]) -> MakeCase:
    """Damage files of spatial error models."""

    def make(folder: Path, rng: random.Random) -> Sequence[str]:
        content = rng.choice(files).read_bytes()
        if rng.random() < 0.4:
            content = damage_bytes(content, rng)
        else:
            content = _json(damage_document(json.loads(content), rng))
        (folder / "model.json").write_bytes(content)
        return rng.choice(
            [["error-models", "show", "model.json"], ["error-models", "merge", "model.json"]]
        )

    return make


def _replace(path: Path, other: Path, rng: random.Random) -> None:
    """Put something else in the place of a file: nothing, another file, a pipe, a link."""
    content = other.read_bytes()
    path.unlink()
    match rng.randrange(7):
        case 0:
            path.write_bytes(content)
        case 1:
            path.mkdir()
        case 2:
            os.mkfifo(path)
        case 3:
            path.symlink_to("/dev/zero")
        case 4:
            path.symlink_to(path)
        case 5:
            path.touch()
        case _:
            pass


def run_directories(finished: Path) -> MakeCase:
    """Damage one file of a finished run directory."""
    names = sorted(x.relative_to(finished) for x in finished.rglob("*") if x.is_file())

    def make(folder: Path, rng: random.Random) -> Sequence[str]:
        run = folder / "run"
        shutil.copytree(finished, run)
        path = run / rng.choice(names)
        chance = rng.random()
        if chance < 0.15:
            _replace(path, run / rng.choice(names), rng)
        elif chance < 0.5 and path.suffix == ".json":
            path.write_bytes(_json(damage_document(json.loads(path.read_bytes()), rng)))
        elif chance < 0.5 and path.suffix == ".yaml":
            document = damage_document(yaml.safe_load(path.read_bytes()), rng)
            path.write_bytes(_json(document))
        else:
            path.write_bytes(damage_bytes(path.read_bytes(), rng))
        return rng.choice(
            [
                ["campaign", "summary", "run"],
                ["campaign", "status", "run"],
                ["campaign", "export", "run", "--out", "out.csv"],
                ["campaign", "resume", "run"],
                ["campaign", "resume", "run"],
                ["campaign", "verify", "run", "--sample", "5"],
                ["campaign", "replay", "run", "--id", str(rng.randrange(250))],
                ["campaign", "compare", "run", str(finished)],
                ["campaign", "compare", str(finished), "run"],
                ["runs", "."],
                ["report", "run"],
            ]
        )

    return make


def has_other_records(words: Sequence[str], folder: Path, finished: Path) -> bool:
    """Return whether a resumed run directory has other records than before it was damaged."""
    if "resume" not in words:
        return False
    try:
        # As texts, in which a NaN equals a NaN.
        found, expected = (repr(read_records(x).to_pylist()) for x in (folder / "run", finished))
    except OnnxfiError:
        return True
    return found != expected
