"""Configures the choice of targets."""

from typing import Annotated, Any

from pydantic import AfterValidator

from onnxfi.configuration.error_model_entry import ErrorModelEntry
from onnxfi.configuration.one_or_more import OneOrMore
from onnxfi.configuration.section import Section
from onnxfi.graph import Exclusion, Selection, TargetKind, check_dtype_name, check_index

_Texts = Annotated[tuple[str, ...], OneOrMore()]
_Kinds = Annotated[tuple[TargetKind, ...], OneOrMore()]
_DtypeNames = Annotated[tuple[Annotated[str, AfterValidator(check_dtype_name)], ...], OneOrMore()]


class Excluded(Section):
    """Targets to leave out: those that any of the keys matches.

    Attributes:
        tensors: names or patterns of tensors, layers or nodes.
        layers: patterns of layer paths, such as ``aux*``.
        ops: ONNX operator types.
        kinds: kinds of targets.
        dtypes: names or families of dtypes.
    """

    tensors: _Texts = ()
    layers: _Texts = ()
    ops: _Texts = ()
    kinds: _Kinds = ()
    dtypes: _DtypeNames = ()


class Targets(Section):
    """A selection of targets, which satisfy all given keys.

    Attributes:
        kind: kind of the targets; None for activations, or whatever the named tensors are.
        ops: ONNX operator types, such as ``Conv``; for weights and inputs, the operators that read
            them.
        layers: patterns of layer paths, such as ``conv*``.
        tensors: names or patterns of single targets: a tensor, a layer or a node each.
        dtypes: names (``int8``) or families (``float``, ``int``, ``bool``) of dtypes.
        exclude: targets to leave out of these.
        index: a position among the targets that the other keys choose, such as ``3``, ``-1`` or
            ``2:8``.
        include_shapes: whether to include activations that only compute shapes or reach no output;
            targets given by name are always included.
    """

    kind: TargetKind | None = None
    ops: _Texts | None = None
    layers: _Texts | None = None
    tensors: _Texts | None = None
    dtypes: _DtypeNames | None = None
    exclude: Excluded | None = None
    index: Annotated[int | str, AfterValidator(check_index)] | None = None
    include_shapes: bool | None = None

    @property
    def selection(self) -> Selection:
        """The selection, as `onnxfi.graph` takes it."""
        exclude = self.exclude or Excluded()
        return Selection(
            kind="activation" if self.kind is None and self.tensors is None else self.kind,
            ops=self.ops,
            layers=self.layers,
            tensors=self.tensors,
            dtypes=self.dtypes,
            exclude=Exclusion(**{name: getattr(exclude, name) for name in Excluded.model_fields}),
            index=self.index,
            include_shapes=bool(self.include_shapes),
        )


def read_short_targets(said: Any) -> Any:
    """Return a tensor or a list of tensors as a selection, whose targets are hit one at a time.

    Raises:
        ValueError: a list mixes names of tensors with selections.
    """
    listed = [said] if isinstance(said, str) else said
    if not isinstance(listed, list | tuple) or not any(isinstance(x, str) for x in listed):
        return said
    if not all(isinstance(x, str) for x in listed):
        raise ValueError(
            "must hold names only, such as [conv1, conv2], to hit one at a time; or mappings only, "
            "such as [{tensors: conv1}, {tensors: conv2}], to hit all of them in every injection"
        )
    return {"tensors": list(listed)}


class TargetsTogether(Targets):
    """Targets that an injection hits together with those of the other entries in the list.

    Attributes:
        error_model: error model of these targets; None takes the campaign's.
    """

    error_model: ErrorModelEntry | None = None
