"""Drafts the configuration of a campaign for a model and its inputs."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxfi.campaign.drafting.draft_text import DraftedInputs, DraftedTargets, write_draft
from onnxfi.campaign.drafting.found_inputs import find_inputs
from onnxfi.campaign.drafting.random_inputs import LENGTHS, describe_input, make_inputs
from onnxfi.campaign.inputs import read_inputs
from onnxfi.campaign.inputs.array_file import write_arrays
from onnxfi.campaign.running.rehearsal import try_injections
from onnxfi.campaign.running.worker import Worker
from onnxfi.configuration import Configuration, Inputs
from onnxfi.errors import ConfigurationError, InputError
from onnxfi.graph import Model, load
from onnxfi.injector.metrics import choose_metric
from onnxfi.runtime import Session

# Operators whose outputs are the usual targets: they compute most of a network.
_COMPUTING = frozenset(
    {
        *("Conv", "ConvTranspose", "ConvInteger", "QLinearConv"),
        *("Gemm", "MatMul", "MatMulInteger", "QLinearMatMul", "QGemm", "Einsum"),
        *("LSTM", "GRU", "RNN", "Attention", "MultiHeadAttention"),
    }
)


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft of a campaign.

    Attributes:
        text: the YAML, with comments.
        random: the file of random inputs that was made; None if inputs were given.
        arrays: the graph inputs, as text.
    """

    text: str
    random: Path | None
    arrays: Sequence[str]


def draft_campaign(model: Path, inputs: Sequence[Path], out: Path) -> Draft:
    """Draft a campaign that runs as it is, and try one injection.

    Args:
        model: the file of the model.
        inputs: files of inputs, or a folder of them. Without any, a file of random inputs is
            written beside the configuration.
        out: the file of the configuration, which the caller writes.

    Raises:
        OnnxfiError: the inputs do not fit the model, or the campaign cannot run. No file is left.
    """
    loaded = load(model)
    random = None if inputs else out.with_name(f"{model.stem}_inputs.npz")
    if random is None:
        drafted = find_inputs(loaded, inputs, out.parent)
    else:
        drafted = _make_file(loaded, random)
    try:
        text = _write(loaded, model, drafted, out)
    except BaseException:
        if random is not None:
            random.unlink()
        raise
    return Draft(text, random, [describe_input(x) for x in loaded.graph.inputs])


def _write(loaded: Model, model: Path, drafted: DraftedInputs, out: Path) -> str:
    source = read_inputs(loaded, drafted.inputs.resolved(out.parent))
    golden = Session(loaded).run(source.at(0))
    text = write_draft(
        model=os.path.relpath(model, out.parent),
        file=out.name,
        inputs=drafted,
        targets=_choose_targets(loaded),
        metric=choose_metric(golden),
    )
    # Nothing that is written here may be refused later.
    configuration = Configuration.from_text(text, out, folder=out.parent)
    try_injections(Worker(configuration))
    return text


def _make_file(model: Model, path: Path) -> DraftedInputs:
    """Write random inputs with which the model runs."""
    if path.exists():
        raise ConfigurationError(
            f"{path} already exists. To use it, name it after the model: onnxfi init MODEL {path}"
        )
    session = Session(model)
    for length in LENGTHS:
        made = make_inputs(model, length=length)
        inputs = Inputs(file=Path(path.name), tensors=made.tensors or None)
        try:
            write_arrays(path, made.arrays)
            session.run(read_inputs(model, inputs.resolved(path.parent)).at(0))
        except InputError:
            path.unlink()
            continue
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written: {error}. Choose another `out`."
            ) from error
        return DraftedInputs(inputs, {}, random=True)
    raise InputError(
        "The model runs with no random inputs that were tried. Make an .npz file of real ones, and "
        "name it after the model. It needs these arrays, N samples each: "
        f"{'; '.join(map(describe_input, model.graph.inputs))}."
    )


def _choose_targets(model: Model) -> DraftedTargets:
    found = Counter(x.op_type for x in model.targets(kind="activation"))
    computing = [x for x in found if x in _COMPUTING]
    return DraftedTargets(
        chosen={x: found[x] for x in computing},
        others={x or "?": found[x] for x in found if x not in computing},
        weights=len(model.targets(kind="weight")),
    )
