"""Writes SDC rates for Model Explorer, which shows them on the graph of the model."""

import json
import re
from pathlib import Path
from typing import Any

from onnxfi.atomic_write import atomic_write
from onnxfi.errors import ConfigurationError, OnnxfiError
from onnxfi.graph import Model, load
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import GroupStatistics, summarise

_JOINT = " + "
# From no SDC to the highest rate in the file, which Model Explorer puts at the stop 1.
_GRADIENT = ({"stop": 0, "bgColor": "#ffffff"}, {"stop": 1, "bgColor": "#d62728"})
# The name of a graph without one, as the ONNX adapter calls it.
_NO_NAME = "main_graph"


def write_node_data(directory: str | Path, out: str | Path) -> list[Path]:
    """Write the SDC rate of each target as node data of Model Explorer.

    Load the file beside the model: ``model-explorer model.onnx``, then "Upload node data". The
    value of a node is the share of injections, in percent, that ended in SDC.

    Source of the format: the classes ModelNodeData and GraphNodeData of ai-edge-model-explorer
    0.1.34, and the node ids of its ONNX adapter, model-explorer-onnx 0.4.2.

    Args:
        directory: the run directory, or its address.
        out: the file to write; with several error models, each has a file of its own, with its
            name behind that of the file.

    Returns:
        The files written.

    Raises:
        ConfigurationError: there are no records, the model cannot be read, or a file cannot be
            written.
    """
    opened = RunDirectory.open(directory)
    model = _model(opened)
    groups = summarise(directory, opened.configuration).groups["target"]
    error_models = list(dict.fromkeys(str(x.key["error_model"]) for x in groups))
    written = []
    for error_model in error_models:
        path = Path(out)
        if len(error_models) > 1:
            word = re.sub(r"[^\w.=-]+", "_", error_model)
            path = path.with_name(f"{path.stem}-{word}{path.suffix}")
        chosen = [x for x in groups if x.key["error_model"] == error_model]
        document = _document(model, chosen, error_model)
        try:
            with atomic_write(path) as aside:
                aside.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be written: {error}.") from error
        written.append(path)
    return written


def _model(opened: RunDirectory) -> Model:
    try:
        return load(opened.configuration.model)
    except OnnxfiError as error:
        raise ConfigurationError(
            f"Node data needs the names of the model's nodes, and {opened.configuration.model} "
            f"cannot be read: {error} Put it back there."
        ) from error


def _document(
    model: Model, groups: list[GroupStatistics], error_model: str
) -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, float]] = {}
    for x in groups:
        value = {"value": round(100 * x.per_inference["sdc"].share, 4)}
        for tensor in str(x.key["target"]).split(_JOINT):
            results[_node_id(model, tensor)] = value
    return {
        model.graph.name or _NO_NAME: {
            "name": f"SDC of {error_model}, %",
            "results": results,
            "gradient": list(_GRADIENT),
        }
    }


def _node_id(model: Model, tensor: str) -> str:
    """Return the id of the node that makes a tensor, or of a weight or an input."""
    value = model.values.get(tensor)
    node = None if value is None else value.producer()
    if node is not None:
        return node.name or tensor
    return f"[value] {tensor}"
