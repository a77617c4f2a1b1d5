"""The child process that runs Keras: ``python -m onnxfi.converters.keras_child``.

    predict FAMILY SOURCE INPUTS.npz OUTPUTS.npz [--unsafe]
    convert FAMILY SOURCE OUTPUT.onnx --opset N [--unsafe]

FAMILY is the package that loads the source: keras or tf_keras.

`keras_process` starts it; nothing else imports this module. TensorFlow is heavy, keeps its memory,
and can hang on a damaged file: a process of its own can be killed. A failure ends in a traceback
whose last line the parent shows.
"""

import argparse
import importlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from onnxfi.converters.safety import require_safe


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="keras_child")
    parser.add_argument("command", choices=["predict", "convert"])
    parser.add_argument("family", choices=["keras", "tf_keras"])
    parser.add_argument("source", type=Path)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--opset", type=int, default=17)
    parser.add_argument("--unsafe", action="store_true")
    arguments = parser.parse_args()
    require_safe(arguments.source, unsafe=arguments.unsafe)
    model = _load(arguments.source, arguments.family, arguments.unsafe)
    if arguments.command == "predict":
        _predict(model, *arguments.paths)
    else:
        _convert(model, arguments.paths[0], arguments.opset)


def _load(source: Path, family: str, unsafe: bool) -> Any:
    keras = importlib.import_module(family)
    return keras.models.load_model(source, compile=False, safe_mode=not unsafe)


def _predict(model: Any, inputs: Path, outputs: Path) -> None:
    """Run the model eagerly on each ``BATCH/INPUT`` of a .npz; write each ``BATCH/OUTPUT``."""
    results: dict[str, Any] = {}
    with np.load(inputs) as stored:
        batches = sorted({key.split("/")[0] for key in stored})
        for batch in batches:
            arrays = [stored[f"{batch}/{i}"] for i in range(len(model.inputs))]
            outcome = model(arrays if len(arrays) > 1 else arrays[0], training=False)
            for i, value in enumerate(_flat(outcome)):
                results[f"{batch}/{i}"] = np.asarray(value)
    np.savez(outputs, **results)


def _convert(model: Any, output: Path, opset: int) -> None:
    """Trace the model with a free batch and let tf2onnx convert the trace."""
    tf = importlib.import_module("tensorflow")
    tf2onnx = importlib.import_module("tf2onnx")
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    names = [tensor.name.split(":")[0] for tensor in model.inputs]
    signature = [
        tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype, name=name)
        for tensor, name in zip(model.inputs, names, strict=True)
    ]

    def call(*tensors: Any) -> dict[str, Any]:
        outcome = model(list(tensors) if len(tensors) > 1 else tensors[0], training=False)
        # The keys become the names of the graph's outputs.
        return {f"output_{i}": tf.identity(value) for i, value in enumerate(_flat(outcome))}

    function = tf.function(call, input_signature=signature)
    converted, _ = tf2onnx.convert.from_function(
        function,
        input_signature=signature,
        opset=opset,
        custom_op_handlers={"Erfc": (_convert_erfc, [])},
    )
    graph = function.get_concrete_function(*signature).graph
    _bake_constants(converted, {inner.name: outer for outer, inner in graph.captures})
    # TensorFlow sorts the names: output_10 comes before output_2.
    outputs = sorted(converted.graph.output, key=lambda value: int(value.name.split("_")[1]))
    del converted.graph.output[:]
    converted.graph.output.extend(outputs)
    onnx.save(converted, output)


def _bake_constants(model: onnx.ModelProto, captured: dict[str, Any]) -> None:
    """Make initializers of the constants that tf2onnx turns into inputs without a value."""
    for value in list(model.graph.input):
        if value.name in captured:
            array = captured[value.name].numpy()
            model.graph.initializer.append(numpy_helper.from_array(array, value.name))
            model.graph.input.remove(value)


def _convert_erfc(context: Any, node: Any, _name: str, _arguments: list[Any]) -> None:
    """Write Erfc, which tf2onnx leaves as it is, as 1 - Erf."""
    utils = importlib.import_module("tf2onnx.utils")
    source, result = node.input[0], node.output[0]
    dtype, shape = context.get_dtype(source), context.get_shape(source)
    context.remove_node(node.name)
    error = context.make_node("Erf", [source], shapes=[shape], dtypes=[dtype])
    one = context.make_const(
        utils.make_name("one"), np.array(1, dtype=utils.map_onnx_to_numpy_type(dtype))
    )
    context.make_node(
        "Sub",
        [one.output[0], error.output[0]],
        outputs=[result],
        name=node.name,
        shapes=[shape],
        dtypes=[dtype],
    )


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item)
    else:
        yield value


if __name__ == "__main__":
    main()
