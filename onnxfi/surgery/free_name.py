"""Finds names that no tensor or node of a model has."""

from onnxfi.graph import Model


def free_name(model: Model, name: str) -> str:
    """Return a name that is no path prefix of the model's names, with underscores appended."""
    taken = [
        x.name or ""
        for graph in (model.graph, *model.graph.subgraphs())
        for x in (
            *graph.inputs,
            *graph.initializers.values(),
            *graph,
            *(value for node in graph for value in node.outputs),
        )
    ]
    while any(other == name or other.startswith(f"{name}/") for other in taken):
        name += "_"
    return name
