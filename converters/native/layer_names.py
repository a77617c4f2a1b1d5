"""Lists the names of the tensors that a converted model has for its layers."""

from collections import Counter
from collections.abc import Iterator

from onnxfi.converters.keras_files.model import KerasLayer, KerasModel


def names_of(model: KerasModel) -> Iterator[str]:
    """Yield the names of the layers' outputs and of the inputs of the graph."""
    yield from (entry.name for entry in model.inputs)
    # A nested model that is called twice calls all of its layers twice.
    for path, count in Counter(_paths(model)).items():
        yield path
        yield from (f"{path}@{number}" for number in range(1, count))


def _paths(model: KerasModel) -> Iterator[str]:
    """Yield the path of a layer as often as one run of the model calls it."""
    for call in model.calls:
        yield from _paths_inside(call.layer, call.layer.name)


def _paths_inside(layer: KerasLayer, path: str) -> Iterator[str]:
    yield path
    if layer.model is not None:
        yield from (f"{path}/{inside}" for inside in _paths(layer.model))
    for inner in layer.inner:
        yield from _paths_inside(inner, f"{path}/{inner.name}")
