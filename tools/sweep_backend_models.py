"""Split the models of the onnx package's backend tests at every tensor and put them together again.

    python -m tools.sweep_backend_models                     all of them: about 2 000 models
    python -m tools.sweep_backend_models simple pytorch-converted
    python -m tools.sweep_backend_models node --match lstm   models by name

Prefix, suffix and the unsplit model run in ONNX Runtime with graph optimisations disabled, so that
the same nodes give the same bits. Exits with status 1 if a split fails or recomposes wrongly.
"""

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime

import onnxfi
from onnxfi.graph import draws_noise
from onnxfi.runtime import dtype_beyond_numpy, to_numpy, to_ort_value
from onnxfi.surgery import changed_noise
from tools.backend_models import KINDS, BackendModel, backend_models, newest_versions, stamped

# Relative, where the bits differ. ONNX Runtime computes float16 in float32 where it has no kernel,
# and rounds where a tensor is an output: at the cut, and not in the unsplit model.
TOLERANCES = {np.dtype(np.float16): 2e-3}
TOLERANCE = 1e-5
# What ONNX Runtime says, and what it means.
_REFUSALS = {
    "NOT_IMPLEMENTED": "ONNX Runtime has no kernel for an operator of this opset or these types",
    "not a registered function/op": "ONNX Runtime does not know an operator",
    "Unrecognized attribute": "ONNX Runtime does not know an attribute",
    "Failed to construct locale": "this machine lacks the locale",
    "layout_ == 0": "ONNX Runtime has no kernel for batchwise recurrent operators",
    "No Op registered": "ONNX Runtime does not know an operator",
    "Type Error": "ONNX Runtime does not know an operator for these types",
    "while running": "ONNX Runtime fails on the inputs",
}
_SILENT = 4
_SAME, _CLOSE, _RANDOM = "same bits", "within tolerance", "random operators, ran"


@dataclass
class Result:
    """The result of one model.

    Attributes:
        kind: its folder.
        name: its name there.
        skipped: why ONNX Runtime does not run the model unsplit; empty where it does.
        is_stamped: whether it ran with an older opset than its own.
        targets: how many recomposed how.
        failures: what went wrong, one line per target.
    """

    kind: str
    name: str
    skipped: str = ""
    is_stamped: bool = False
    targets: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def check(model: BackendModel) -> Result:
    """Split one model at every tensor and recompose it."""
    result = Result(model.kind, model.name)
    try:
        proto = stamped(model.proto())
        feeds = model.feeds()
        expected = _run(_session(proto), feeds)
    except Exception as error:
        result.skipped = _reason(error)
        return result
    result.is_stamped = proto != model.proto()
    try:
        loaded = onnxfi.load(proto)
        # Faults in the others would change noise, which splitting refuses.
        every = loaded.targets()
        changed = changed_noise(loaded, [[x] for x in every])
        targets = [x for x, noise in zip(every, changed, strict=True) if not noise]
    except Exception as error:
        result.failures.append(f"loading: {_text(error)}")
        return result
    is_random = any(draws_noise(node) for node in loaded.graph)
    for target in targets:
        try:
            got = _recompose(onnxfi.split(loaded, target), feeds)
            outcome = _compare(got, expected, is_random)
        except Exception as error:
            outcome = _text(error)
        if outcome in (_SAME, _CLOSE, _RANDOM):
            result.targets[f"{target.kind}: {outcome}"] += 1
        else:
            result.failures.append(f"{target.kind} {target.tensor!r}: {outcome}")
    return result


def _session(proto: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _run(session: onnxruntime.InferenceSession, feeds: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for x in session.get_inputs():
        dtype = dtype_beyond_numpy(x.type)
        values[x.name] = feeds[x.name] if dtype is None else to_ort_value(feeds[x.name], dtype)
    beyond_numpy = {x.name: dtype_beyond_numpy(x.type) for x in session.get_outputs()}
    names = list(beyond_numpy)
    if not any(beyond_numpy.values()):
        outputs = dict(zip(names, session.run(names, values), strict=True))
        # An input that is an output may come back as a view of memory that nobody keeps.
        return {name: feeds.get(name, x) for name, x in outputs.items()}
    values = {
        name: x if isinstance(x, onnxruntime.OrtValue) else to_ort_value(x)
        for name, x in values.items()
    }
    results = zip(names, session.run_with_ort_values(names, values), strict=True)
    return {name: to_numpy(value, beyond_numpy[name]) for name, value in results}


def _recompose(split: onnxfi.Split, feeds: Mapping[str, Any]) -> dict[str, Any]:
    between = _run(_session(ir.serde.serialize_model(split.prefix.ir_model)), feeds)
    golden = {name: between[name] for name in split.golden_outputs}
    if not split.faulty_outputs:
        return golden
    suffix = _session(ir.serde.serialize_model(split.suffix.ir_model))
    return golden | _run(suffix, between)


def _compare(got: Mapping[str, Any], expected: Mapping[str, Any], is_random: bool) -> str:
    """Return an outcome, or in other words what is wrong."""
    if set(got) != set(expected):
        return f"outputs {sorted(got)} instead of {sorted(expected)}"
    if is_random:
        return _RANDOM
    outcomes = {name: _compare_values(got[name], x) for name, x in expected.items()}
    wrong = [f"{name!r} {x}" for name, x in outcomes.items() if x not in (_SAME, _CLOSE)]
    return "; ".join(wrong) or (_CLOSE if _CLOSE in outcomes.values() else _SAME)


def _compare_values(got: Any, expected: Any) -> str:
    if got is None or expected is None:
        return _SAME if got is expected else "is absent in one only"
    if isinstance(expected, list):
        if len(got) != len(expected):
            return f"has {len(got)} elements instead of {len(expected)}"
        outcomes = [_compare_values(x, y) for x, y in zip(got, expected, strict=True)]
        return next((x for x in outcomes if x != _SAME), _SAME)
    got, expected = np.asarray(got), np.asarray(expected)
    if got.dtype != expected.dtype or got.shape != expected.shape:
        return f"is {got.dtype} {got.shape} instead of {expected.dtype} {expected.shape}"
    if expected.dtype.hasobject:
        return _SAME if np.array_equal(got, expected) else "differs"
    if got.tobytes() == expected.tobytes():
        return _SAME
    tolerance = TOLERANCES.get(expected.dtype, TOLERANCE)
    if np.allclose(got, expected, rtol=tolerance, atol=tolerance, equal_nan=True):
        return _CLOSE
    return f"differs by {np.nanmax(np.abs(got - expected))}"


def _reason(error: Exception) -> str:
    """Return a refusal such that the same trouble reads the same for each model."""
    reasons = (reason for part, reason in _REFUSALS.items() if part in str(error))
    return next(reasons, _text(error))


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def sweep(models: Sequence[BackendModel]) -> Iterator[Result]:
    """Check the models in a child process, and after a crash in another one."""
    fork = multiprocessing.get_context("fork")  # the models are there already, and inherited
    done = 0
    while done < len(models):
        receiver, sender = fork.Pipe(duplex=False)
        child = fork.Process(target=_send_results, args=(models[done:], sender))
        child.start()
        sender.close()
        try:
            while done < len(models):
                yield receiver.recv()
                done += 1
        except EOFError:
            child.join()
            crashed = models[done]
            failure = f"the process ended with exit code {child.exitcode}"
            yield Result(crashed.kind, crashed.name, failures=[failure])
            done += 1
        child.join()


def _send_results(models: Sequence[BackendModel], sender: Connection) -> None:
    for model in models:
        sender.send(check(model))


def table(results: Sequence[Result]) -> str:
    """Return the counts of models and targets of each folder, and the reasons for skipping."""
    lines = []
    for kind in dict.fromkeys(x.kind for x in results):
        mine = [x for x in results if x.kind == kind]
        skipped = Counter(x.skipped for x in mine if x.skipped)
        targets = sum((x.targets for x in mine), Counter[str]())
        failures = sum(len(x.failures) for x in mine)
        lines.append(
            f"{kind}: {len(mine)} models, {skipped.total()} skipped; "
            f"{targets.total() + failures} targets, {failures} failures"
        )
        newest = newest_versions().opset_import[0].version
        lines.append(f"{sum(x.is_stamped for x in mine):8} models of newer opsets ran as {newest}")
        lines += [f"{count:8} {outcome}" for outcome, count in sorted(targets.items())]
        lines += [f"{count:8} skipped: {reason}" for reason, count in skipped.most_common()]
    return "\n".join(lines)


def main() -> int:
    """Sweep the folders that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", metavar="folder", help=", ".join(KINDS))
    parser.add_argument("--match", default="", help="only models with this text in their names")
    arguments = parser.parse_args()
    if unknown := set(arguments.kinds) - set(KINDS):
        parser.error(f"A folder must be one of {', '.join(KINDS)}, got {', '.join(unknown)}.")
    results = []
    for kind in arguments.kinds or KINDS:
        for result in sweep(backend_models(kind, arguments.match)):
            results.append(result)
            for failure in result.failures:
                print(f"{result.kind}/{result.name}: {failure}", flush=True)
    print(table(results))
    return int(any(x.failures for x in results))


if __name__ == "__main__":
    sys.exit(main())
