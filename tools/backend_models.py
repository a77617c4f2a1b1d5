"""Reads the models of the onnx package's backend tests, and their inputs."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.backend.test
import onnxruntime
from onnx import numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

KINDS = ("node", "simple", "light", "pytorch-converted", "pytorch-operator")
_SILENT = 4
_DATA = Path(onnx.backend.test.__file__).parent / "data"


@dataclass(frozen=True)
class BackendModel:
    """A model of the backend tests.

    Attributes:
        kind: its folder in the onnx package.
        name: its name there.
        source: its file, or itself where the onnx package holds the program that makes it.
        stored_inputs: one per graph input that is no initializer; None where none are stored.
    """

    kind: str
    name: str
    source: Path | onnx.ModelProto
    stored_inputs: Sequence[Any] | None

    def proto(self) -> onnx.ModelProto:
        """Return the model."""
        return onnx.load(self.source) if isinstance(self.source, Path) else self.source

    def feeds(self) -> dict[str, Any]:
        """Return the stored inputs by name, or random ones.

        A tensor is an array (of an ml_dtypes type where NumPy lacks the dtype, of objects where it
        holds strings), a sequence a list, an absent optional None.
        """
        infos = free_inputs(self.proto())
        values = self.stored_inputs
        if values is None:
            rng = np.random.default_rng(0)
            values = [rng.standard_normal(_shape(info), np.float32) for info in infos]
        return {info.name: _plain(x) for info, x in zip(infos, values, strict=True)}


def backend_models(kind: str, match: str = "") -> list[BackendModel]:
    """Return the models of a folder whose names contain some text, by name."""
    if kind == "node":
        found = node_models(None)
    elif kind == "light":
        files = sorted((_DATA / kind).glob("*.onnx"))
        found = [BackendModel(kind, x.stem, x, None) for x in files]
    else:
        files = sorted((_DATA / kind).glob("*/model.onnx"))
        found = [BackendModel(kind, x.parent.name, x, _stored(x)) for x in files]
    return [model for model in found if match in model.name]


def node_models(operators: Sequence[str] | None) -> list[BackendModel]:
    """Return the models of single operators, which programs in the onnx package make.

    Args:
        operators: names of these programs, such as ``lstm``; None for all, which takes seconds.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case import node

        if operators is None:
            cases = node.collect_testcases(None)
        else:
            for operator in operators:
                import_module(f"{node.__name__}.{operator}")
            # They add their cases to this list when they are imported.
            cases = node._NodeTestCases  # noqa: SLF001
    found = [
        BackendModel("node", x.name, x.model, x.data_sets[0][0])
        for x in cases
        if x.model is not None and x.data_sets is not None
    ]
    return sorted(found, key=lambda model: model.name)


def free_inputs(proto: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """Return the graph inputs that are no initializers."""
    constants = {x.name for x in proto.graph.initializer}
    return [x for x in proto.graph.input if x.name not in constants]


@cache
def newest_versions() -> onnx.ModelProto:
    """Return a model with the newest versions of opset and format that ONNX Runtime takes."""
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([], "newest", [value], [value])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    for opset in range(onnx.defs.onnx_opset_version(), 0, -1):
        imports = [onnx.helper.make_opsetid("", opset)]
        model = onnx.helper.make_model_gen_version(graph, opset_imports=imports)
        try:
            onnxruntime.InferenceSession(model.SerializeToString(), options)
        except (ort_errors.Fail, ort_errors.InvalidGraph):
            continue
        return model
    raise RuntimeError("ONNX Runtime takes no opset.")


def stamped(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model, with other versions of opset and format where its own are newer.

    The operators are left as they are: most have not changed, and the others are refused.
    """
    newest = newest_versions()
    changed = onnx.ModelProto()
    changed.CopyFrom(proto)
    changed.ir_version = min(changed.ir_version, newest.ir_version)
    for opset in changed.opset_import:
        if opset.domain in ("", "ai.onnx"):
            opset.version = min(opset.version, newest.opset_import[0].version)
    return changed


def _stored(file: Path) -> list[Any]:
    stored: list[Any] = []
    for position, info in enumerate(free_inputs(onnx.load(file))):
        content = (file.parent / "test_data_set_0" / f"input_{position}.pb").read_bytes()
        if info.type.HasField("sequence_type"):
            stored.append(numpy_helper.to_list(onnx.SequenceProto.FromString(content)))
        else:
            stored.append(onnx.TensorProto.FromString(content))
    return stored


def _shape(info: onnx.ValueInfoProto) -> list[int]:
    return [x.dim_value for x in info.type.tensor_type.shape.dim]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, list):
        return value
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value)
