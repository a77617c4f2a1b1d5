"""Loads models as dataflow graphs, finds the targets in them, and follows dependencies."""

from onnxfi.graph.alarms import ALARMS_KEY
from onnxfi.graph.bodies import bodies
from onnxfi.graph.choosing.dtype_families import check_dtype_name
from onnxfi.graph.choosing.resolution import Targets, check_distinct, resolve_targets
from onnxfi.graph.choosing.selection import (
    Exclusion,
    LeftOut,
    Selected,
    Selection,
    check_index,
    select,
)
from onnxfi.graph.dependencies import (
    constant_values,
    consumed_values,
    needed_values,
    required_nodes,
    suffix_shares,
    working_nodes,
)
from onnxfi.graph.fault_reach import faults_reaching
from onnxfi.graph.inspection.closed_nodes import NodeWithBody, nodes_with_bodies
from onnxfi.graph.inspection.parameters import count_parameters
from onnxfi.graph.loading import load
from onnxfi.graph.lookup import is_pattern
from onnxfi.graph.model import Model
from onnxfi.graph.noise import SHAPE_ONLY, describe_noise, draws_noise, is_dropout, training_mode
from onnxfi.graph.precision import rounds_coarsely
from onnxfi.graph.preparation.external_weights import SMALLEST_EXTERNAL
from onnxfi.graph.preparation.specialising import fold_conditions
from onnxfi.graph.preparation.type_inference import infer_types
from onnxfi.graph.sample_axis import sample_axes
from onnxfi.graph.sample_axis.kernels import depends_on_place
from onnxfi.graph.shapes.notation import format_shape
from onnxfi.graph.size_dependence import sizes_depend_on
from onnxfi.graph.target import Target, TargetKind

__all__ = [
    "ALARMS_KEY",
    "SHAPE_ONLY",
    "SMALLEST_EXTERNAL",
    "Exclusion",
    "LeftOut",
    "Model",
    "NodeWithBody",
    "Selected",
    "Selection",
    "Target",
    "TargetKind",
    "Targets",
    "bodies",
    "check_distinct",
    "check_dtype_name",
    "check_index",
    "constant_values",
    "consumed_values",
    "count_parameters",
    "depends_on_place",
    "describe_noise",
    "draws_noise",
    "faults_reaching",
    "fold_conditions",
    "format_shape",
    "infer_types",
    "is_dropout",
    "is_pattern",
    "load",
    "needed_values",
    "nodes_with_bodies",
    "required_nodes",
    "resolve_targets",
    "rounds_coarsely",
    "sample_axes",
    "select",
    "sizes_depend_on",
    "suffix_shares",
    "training_mode",
    "working_nodes",
]
