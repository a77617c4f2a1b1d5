"""Finds layers by scopes, in which exporters name the part of a model that a node belongs to.

PyTorch records modules; TensorFlow prefixes operator names with name scopes. The output of a scope
is a tensor that its nodes compute, and that other nodes read or the model returns.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScopedNode:
    """A node of a graph, with its scopes.

    Attributes:
        scopes: paths of the scopes that it belongs to, outermost first: ``layer1``, ``layer1/0``.
        inputs: the tensors that it reads, without constants.
        outputs: the tensors that it computes.
    """

    scopes: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeOutput:
    """An output of a scope.

    Attributes:
        path: the path in the layer map: the scope's, with ``@1`` for its second call and ``:1``
            for the second output of a call.
        scope: path of the scope.
        tensor: the tensor.
    """

    path: str
    scope: str
    tensor: str


def scope_outputs(
    nodes: Sequence[ScopedNode],
    model_outputs: Set[str],
    *,
    innermost_first: bool,
    sizes: Set[str] = frozenset(),
) -> list[ScopeOutput]:
    """Return the outputs of all scopes, in the order in which they are computed.

    Parts of a scope that no tensor connects are separate calls.

    Args:
        nodes: the nodes, in an order in which they can run.
        model_outputs: the outputs of the graph.
        innermost_first: whether the innermost of several scopes with one output comes first,
            instead of the outermost.
        sizes: tensors of shapes, which are not outputs of a scope even if others read them.
    """
    readers: dict[str, list[int]] = defaultdict(list)
    members: dict[str, list[int]] = defaultdict(list)
    for i, node in enumerate(nodes):
        for tensor in node.inputs:
            readers[tensor].append(i)
        for scope in node.scopes:
            members[scope].append(i)
    found: list[tuple[int, int, ScopeOutput]] = []
    for scope, inside in members.items():
        calls: Counter[str] = Counter()
        for call in _connected(nodes, inside):
            within = set(call)
            outputs = [
                (i, tensor)
                for i in call
                for tensor in nodes[i].outputs
                if tensor not in sizes
                and (tensor in model_outputs or any(x not in within for x in readers[tensor]))
            ]
            if not outputs:
                continue
            number = calls[scope]
            calls[scope] += 1
            path = f"{scope}@{number}" if number else scope
            # The last tensor of a part is its result; states and the like come before.
            for index, (i, tensor) in enumerate([outputs[-1], *outputs[:-1]]):
                name = f"{path}:{index}" if index else path
                depth = len(nodes[i].scopes) - nodes[i].scopes.index(scope)
                order = depth if innermost_first else -depth
                found.append((i, order, ScopeOutput(name, scope, tensor)))
    return [output for _, _, output in sorted(found, key=lambda x: x[:2])]


def _connected(nodes: Sequence[ScopedNode], inside: Sequence[int]) -> Iterator[list[int]]:
    """Yield the groups of nodes that tensors connect, by the first node of each."""
    makers = {tensor: i for i in inside for tensor in nodes[i].outputs}
    parents = {i: i for i in inside}

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = i = parents[parents[i]]
        return i

    for i in inside:
        for tensor in nodes[i].inputs:
            if tensor in makers:
                parents[root(i)] = root(makers[tensor])
    groups: dict[int, list[int]] = defaultdict(list)
    for i in inside:
        groups[root(i)].append(i)
    yield from sorted(groups.values())


def scopes_of(name: str) -> tuple[str, ...]:
    """Return the paths of the scopes before the last part of a name: ``a/b/Relu`` has a, a/b."""
    parts = name.strip("/").split("/")
    return tuple("/".join(parts[:i]) for i in range(1, len(parts)))


def common_root(scopes: Iterable[tuple[str, ...]]) -> str:
    """Return the path, with a slash, of the innermost scope that holds all others; may be empty."""
    innermost = [x[-1].split("/") for x in scopes if x]
    shared = []
    for parts in zip(*innermost, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "".join(f"{part}/" for part in shared)
