"""Recognises models of other frameworks, and says how to export them to ONNX."""

import zipfile
from pathlib import Path
from typing import Final

_TORCH_EXPORT: Final = (
    'torch.onnx.export(model, (example_input,), "{name}.onnx", optimize=False). See '
    "docs/converting.md."
)
_PYTORCH: Final = ("a PyTorch file", f"Export it with {_TORCH_EXPORT}")
_OF_WEIGHTS: Final = f"Load it into its model, and export that with {_TORCH_EXPORT}"
_PICKLE: Final = (
    "a Python pickle",
    "If it is a scikit-learn model, load it and export it with skl2onnx: "
    'open("{name}.onnx", "wb").write(skl2onnx.to_onnx(model, X[:1]).SerializeToString())',
)
# The opcode PROTO, and each version that has it.
_PICKLE_STARTS: Final = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_HUGGING_FACE: Final = (
    "a Hugging Face model",
    "Export it: optimum-cli export onnx --model {path} {name}-onnx/",
)
# What a file with this suffix holds, and how to export it.
_BY_SUFFIX: Final = {
    ".pt": _PYTORCH,
    ".pth": _PYTORCH,
    ".ckpt": ("a checkpoint", _OF_WEIGHTS),
    ".safetensors": ("a file of weights", _OF_WEIGHTS),
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".joblib": _PICKLE,
    ".pb": (
        "a frozen graph of TensorFlow",
        "Convert it: python -m tf2onnx.convert --graphdef {path} --inputs INPUT:0 --outputs "
        "OUTPUT:0 --output {name}.onnx. Of a SavedModel, give the folder instead.",
    ),
    ".mlmodel": (
        "a Core ML model",
        "Convert it in Python: onnxmltools.utils.save_model(onnxmltools.convert_coreml("
        'coremltools.utils.load_spec("{path}")), "{name}.onnx")',
    ),
    ".mlpackage": (
        "a Core ML package",
        "No tool converts it to ONNX. Export the model that it was made from.",
    ),
    ".pdmodel": (
        "a PaddlePaddle model",
        "Convert it: paddle2onnx --model_dir {folder} --model_filename {path} --save_file "
        "{name}.onnx",
    ),
    ".ort": ("a model in the ORT format", "Give the .onnx file that it was made from."),
    ".engine": ("a TensorRT engine", "Give the .onnx file that it was built from."),
}


def foreign_advice(path: Path) -> str | None:
    """Return what a path holds and how to export it to ONNX; None if it is not recognised."""
    found = _recognise(path)
    if found is None:
        return None
    what, advice = found
    return f"{path} looks like {what}. " + advice.format(
        path=path, name=path.stem, folder=path.parent
    )


def _recognise(path: Path) -> tuple[str, str] | None:
    if path.is_dir() and (path / "config.json").is_file():
        return _HUGGING_FACE
    if path.suffix.lower() in _BY_SUFFIX:
        return _BY_SUFFIX[path.suffix.lower()]
    if not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            # torch.save writes NAME/data.pkl, with the tensors beside it.
            return _PYTORCH if any(x.endswith("data.pkl") for x in archive.namelist()) else None
    except zipfile.BadZipFile:
        pass
    with path.open("rb") as stream:
        start = stream.read(2)
    return _PICKLE if start in _PICKLE_STARTS else None
