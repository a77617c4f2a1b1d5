"""Comparing rules with ONNX Runtime on dense tensors, on values of all kinds."""

from collections.abc import Mapping, Sequence

import ml_dtypes
import numpy as np
import onnx
from onnx import helper
from onnx.helper import np_dtype_to_tensor_dtype

import onnxfi
from onnxfi.error_models import Corruption
from onnxfi.runtime import Session
from onnxfi.suffix import Batch, GoldenTensors, Patches, Policy
from onnxfi.suffix.batch import Advanced
from onnxfi.suffix.phases.phase import Entry
from onnxfi.suffix.phases.push import Push
from onnxfi.suffix.phases.region import PushRegion, find_push_region
from tests.support.small_graphs import model, node, value

SPECIAL = [np.nan, -0.0, 0.0, np.inf, -np.inf, 1e-40, -1e-40, 3.4e38, -3.4e38, 1.0, -1.0]
LANES, SITES = 16, 6


def one_node(
    op: str,
    inputs: str,
    shape: tuple[int, ...],
    weights: dict[str, np.ndarray] | None = None,
    *,
    dtype: type = np.float32,
    made: type | None = None,
    opset: int = 21,
    domain: str = "",
    **attributes: object,
) -> onnx.ModelProto:
    """Return a model of one node, from ``x`` and weights to ``y``."""
    nodes = [node(op, inputs, "y", domain=domain, **attributes)]
    return of_nodes(nodes, shape, weights, dtype=dtype, made={"y": made or dtype}, opset=opset)


def of_nodes(
    nodes: list[onnx.NodeProto],
    shape: tuple[int, ...],
    weights: dict[str, np.ndarray] | None = None,
    *,
    dtype: type = np.float32,
    made: dict[str, type],
    opset: int = 21,
) -> onnx.ModelProto:
    """Return a model of nodes, from ``x`` and weights to outputs of given dtypes."""
    proto = model(
        nodes,
        [value("x", list(shape), np_dtype_to_tensor_dtype(np.dtype(dtype)))],
        [value(x, None, np_dtype_to_tensor_dtype(np.dtype(y))) for x, y in made.items()],
        weights,
    )
    proto.opset_import[0].CopyFrom(helper.make_opsetid("", opset))
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    proto.ir_version = 10
    return onnx.shape_inference.infer_shapes(proto)


def values_of_all_kinds(rng: np.random.Generator, count: int, dtype: type | np.dtype) -> np.ndarray:
    """Return usual values, special ones, and any bits: NaN with payloads, denormals, limits."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, count).astype(bool)
    if dtype in (ml_dtypes.int4, ml_dtypes.uint4):
        lowest, highest = (-8, 7) if dtype == ml_dtypes.int4 else (0, 15)
        return rng.integers(lowest, highest + 1, count).astype(dtype)
    unsigned = np.dtype(f"u{dtype.itemsize}")
    bits = rng.integers(0, np.iinfo(unsigned).max, count, unsigned, endpoint=True).view(dtype)
    with np.errstate(all="ignore"):
        usual = (rng.normal(0, 3, count)).astype(np.float32).astype(dtype)
        if dtype.kind == "f":
            special = np.concatenate([np.array(SPECIAL).astype(dtype), _nans(dtype)])
        else:
            special = np.array([0, 1, 2, np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)
    kinds = rng.integers(0, 3, count)
    picked: np.ndarray = np.select(
        [kinds == 0, kinds == 1], [bits, special[rng.integers(0, special.size, count)]], usual
    )
    return picked


def _nans(dtype: np.dtype) -> np.ndarray:
    """Return NaN of both signs, quiet and signalling, with payloads."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    infinity = int(np.array(np.inf, dtype).view(unsigned))
    sign = 1 << (8 * dtype.itemsize - 1)
    quiet = 1 << (np.finfo(dtype).nmant - 1)
    bits = [infinity | x | y for x in (1, 0x55, quiet | 1, quiet | 0x155) for y in (0, sign)]
    return np.array(bits, unsigned).view(dtype)


def check_rules(
    proto: onnx.ModelProto,
    seed: int,
    *,
    zeros: bool = False,
    lanes: int = LANES,
    sites: int = SITES,
) -> int:
    """Assert that pushing gives bit by bit what dense runs give, and return the lanes refused.

    All nodes of the model must have a rule.

    Args:
        proto: a model that takes ``x``.
        seed: seed of the golden value and of the corruptions.
        zeros: whether the golden value has many zeros, as after a Relu.
        lanes: how many corruptions.
        sites: the most sites of each.
    """
    # Every tensor on the way is an output, so that it is compared.
    exposed = onnx.ModelProto()
    exposed.CopyFrom(proto)
    names = {x.name for x in proto.graph.output}
    inner = [x for x in proto.graph.value_info if x.name not in names]
    exposed.graph.output.extend(inner)
    loaded = onnxfi.load(exposed)
    (stage,) = onnxfi.split(loaded, "x").stages
    region = find_push_region(stage)
    assert not list(region.behind.graph), "there is no rule"
    session = Session(region.model, threads=2)
    rng = np.random.default_rng(seed)
    info = proto.graph.input[0].type.tensor_type
    shape = tuple(x.dim_value for x in info.shape.dim)
    dtype = helper.tensor_dtype_to_np_dtype(info.elem_type)
    with np.errstate(all="ignore"):
        x = rng.normal(0, 3, shape).astype(dtype)
    if zeros:
        x = np.asarray(np.maximum(x, 0))
    golden = {"x": x, **session.run({"x": x})}
    corruptions = []
    for _ in range(lanes):
        places = np.unique(rng.integers(0, x.size, rng.integers(1, sites + 1)))
        corruptions.append(Corruption(places, values_of_all_kinds(rng, places.size, dtype)))
    advanced = push(region, corruptions, golden)
    refused = [] if advanced.refused is None else advanced.refused.lanes
    for lane, corruption in enumerate(corruptions):
        if lane in refused:
            continue
        dense = session.run({"x": corruption.apply(x)})
        result = advanced.done[lane]
        assert result.outputs is not None
        for name in dense:
            assert result.outputs.get(name, golden[name]).tobytes() == dense[name].tobytes(), name
            differs = dense[name].tobytes() != golden[name].tobytes()
            assert (name in result.outputs) == differs
    return len(refused)


def push(
    region: PushRegion,
    corruptions: Sequence[Corruption],
    golden: Mapping[str, np.ndarray],
    behind: Entry | None = None,
) -> Advanced:
    """Push corruptions of ``x``, lane by lane, as far as a region reaches."""
    lanes = range(len(corruptions))
    patches = {"x": Patches.of(corruptions, golden["x"].size)}
    batch = Batch(lanes, [GoldenTensors(golden)] * len(lanes), by_tensor=patches)
    return Push(region, behind, Policy()).run(batch).checked(batch)
