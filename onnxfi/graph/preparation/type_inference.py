"""Infers the types and shapes of the values in a model."""

from collections.abc import Iterable

import onnx

from onnxfi.graph.preparation.long_lists import with_short_lists
from onnxfi.onnx_ir import ir

# Bytes. Inference reads smaller initializers, because they may be shapes and axes.
_LARGEST_READ = 1024
_LONGEST_SHAPE = 10_000  # axes, far more than any tensor has
_INVENTED = "unk__"  # the prefix of axis names that onnx invents
_SILENT = 4
_STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})


def infer_types(model: ir.Model) -> None:
    """Fill in the types and shapes of the main graph's values, as far as they can be inferred.

    ONNX Runtime infers values that onnx cannot, such as the outputs of ``com.microsoft`` operators.
    Values that neither can infer stay unknown. If a declared shape contradicts the inputs (which
    may have been edited), all declared shapes are outdated and are ignored. No large weight is
    read.
    """
    declared = {x: (x.type, x.shape) for x in _node_outputs(model) if x.type is not None}
    for value in declared:
        value.type = value.shape = None
    _infer_by_onnx(model)
    out_of_date = any(_contradict(x.shape, shape) for x, (_, shape) in declared.items())
    gaps = [x for x in declared if x.shape is None or not all(map(_is_known, x.shape))]
    for value in gaps:
        value_type, shape = declared[value]
        value.type = value.type or value_type
        if not out_of_date:
            value.shape = _filled(value.shape, shape)
    if gaps:
        _infer_by_onnx(model)  # use the declarations
    unknown = _unknown_values(model)
    if unknown and _ask_onnx_runtime(model, unknown):
        _infer_by_onnx(model)  # use the answers


def _contradict(inferred: ir.Shape | None, declared: ir.Shape | None) -> bool:
    if inferred is None or declared is None:
        return False
    return inferred.rank() != declared.rank() or any(
        _is_known(x) and isinstance(y, int) and x != y
        for x, y in zip(inferred, declared, strict=True)
    )


def _filled(inferred: ir.Shape | None, declared: ir.Shape | None) -> ir.Shape | None:
    """Return the inferred shape; its unknown axes are taken from the declared shape."""
    if inferred is None or declared is None:
        return declared if inferred is None else inferred
    return ir.Shape(x if _is_known(x) else y for x, y in zip(inferred, declared, strict=True))


def _is_known(axis: int | ir.SymbolicDim) -> bool:
    # Inference invents names for unknown axes.
    return isinstance(axis, int) or not (axis.value or _INVENTED).startswith(_INVENTED)


def _infer_by_onnx(model: ir.Model) -> None:
    light = _light(model)
    if _hide_long_vectors(light):
        _fill_in(model, light, data_prop=True)
        _fill_in(model, _light(model), data_prop=False)
    else:
        _fill_in(model, light, data_prop=True)


def _hide_long_vectors(light: onnx.ModelProto) -> bool:
    """Hide the lengths of long vectors, and return whether there are any.

    Data propagation treats each vector as a shape, and creates an object for each of its elements.
    """
    long = [
        dims[0]
        for dims in (x.type.tensor_type.shape.dim for x in light.graph.input)
        if len(dims) == 1 and dims[0].dim_value > _LONGEST_SHAPE
    ]
    for dim in long:
        dim.Clear()
    return bool(long)


def _fill_in(model: ir.Model, light: onnx.ModelProto, *, data_prop: bool) -> None:
    try:
        inferred = onnx.shape_inference.infer_shapes(light, data_prop=data_prop)
    except (onnx.shape_inference.InferenceError, RuntimeError, TypeError, ValueError):
        return  # a custom operator, or one newer than onnx, only means that nothing is inferred
    types = {x.name: x.type for x in (*inferred.graph.value_info, *inferred.graph.output)}
    for value in _node_outputs(model):
        if value.name in types:
            value.type = ir.serde.deserialize_type_proto_for_type(types[value.name])
            value.shape = ir.serde.deserialize_type_proto_for_shape(types[value.name])


def _light(model: ir.Model) -> onnx.ModelProto:
    """Return the model without large weights and long lists, which inference does not need."""
    light = _without_large_weights(model)
    for node in light.graph:
        with_short_lists(node)
    return ir.serde.serialize_model(light)


def _without_large_weights(model: ir.Model) -> ir.Model:
    """Return the model with its large initializers turned into graph inputs of the same type."""
    light = model.clone()
    for name, value in list(light.graph.initializers.items()):
        tensor = value.const_value
        if tensor is not None and tensor.nbytes > _LARGEST_READ:
            value.dtype, value.shape = tensor.dtype, ir.Shape(tensor.shape.numpy())
            del light.graph.initializers[name]
            value.const_value = None
            light.graph.inputs.append(value)
    return light


def _node_outputs(model: ir.Model) -> Iterable[ir.Value]:
    return (value for node in model.graph for value in node.outputs if value.name)


def _unknown_values(model: ir.Model) -> list[ir.Value]:
    # For standard operators, onnx infers shapes as well as ONNX Runtime does.
    custom = any(node.domain not in _STANDARD_DOMAINS for node in model.graph)
    return [
        value
        for value in _node_outputs(model)
        if value.type is None or (custom and value.shape is None)
    ]


def _ask_onnx_runtime(model: ir.Model, unknown: Iterable[ir.Value]) -> bool:
    """Fill in values that ONNX Runtime infers, and return whether it could open the model."""
    import onnxruntime  # slow to import, and most models need no answer
    from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

    light = ir.serde.serialize_model(_without_large_weights(model))
    del light.graph.output[:]
    light.graph.output.extend(onnx.ValueInfoProto(name=value.name) for value in unknown)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(
            light.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except (
        ort_errors.Fail,
        ort_errors.InvalidArgument,
        ort_errors.InvalidGraph,
        ort_errors.NotImplemented,
        ort_errors.RuntimeException,
    ):
        return False
    answers = {x.name: x for x in session.get_outputs()}
    for value in unknown:
        answer = answers[value.name]
        value.type = _type(answer.type) or value.type
        # An empty shape may mean a scalar or an unknown shape.
        if value.shape is None and answer.shape:
            value.shape = ir.Shape(answer.shape)
    return True


def _type(text: str) -> ir.TypeProtocol | None:
    """Read a type as ONNX Runtime writes it, such as ``seq(tensor(float))``."""
    kind, _, inner = text.removesuffix(")").partition("(")
    if kind == "tensor":
        return ir.TensorType(ir.DataType[inner.upper()])
    element = _type(inner)
    if element is None or kind not in ("seq", "optional"):
        return None
    return ir.SequenceType(element) if kind == "seq" else ir.OptionalType(element)
