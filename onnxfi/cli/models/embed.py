"""``onnxfi embed``."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from onnxfi.campaign import Plan, Stratum
from onnxfi.cli.options.arguments import JsonOption, ModelArgument, SeedOption
from onnxfi.cli.options.feeding import FeedingOptions
from onnxfi.cli.options.inputs import configure_optional_inputs, read_samples
from onnxfi.cli.output import messages, print_json
from onnxfi.configuration import Inputs
from onnxfi.error_models import ErrorModel, SiteList, read_dense_sites, write_dense_sites
from onnxfi.error_models import load as load_error_model
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target, format_shape, load
from onnxfi.injector import Injector, injection_rng, prepare_error_model, shape_fits
from onnxfi.surgery import counts_samples, draws, sample_shape
from onnxfi.surgery import embed as embed_in_model

_MOST_DRAWN_INPUTS = 16


def embed(
    model: ModelArgument,
    *,
    target: Annotated[
        str, typer.Option(help="A tensor, layer or node name; see `onnxfi inspect`.")
    ],
    sites: Annotated[
        str,
        typer.Option(
            metavar="N|FILE",
            help="The number of corruptions to draw from --error-model, or a file of corruptions: "
            "sites.npz (see --save-sites), or injections.npy with masks.npy beside it.",
        ),
    ],
    error_model: Annotated[
        str | None, typer.Option(metavar="SPEC", help="name or name:key=value,…: bitflip:bit=30.")
    ] = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="X.npz",
            help="Arrays named after the graph inputs, to draw corruptions for; default: random "
            "inputs.",
        ),
    ] = None,
    feeding: FeedingOptions,
    seed: SeedOption = 0,
    per_sample: Annotated[
        bool | None,
        typer.Option(
            "--per-sample/--whole-tensor",
            help="Corrupt each sample of a batch on its own, or the whole tensor; default: each "
            "sample if axis 0 of the target is the batch axis.",
        ),
    ] = None,
    save_sites: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the corruptions to sites.npz or injections.npy."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT.onnx", help="The model to write.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Embed corruptions in a model.

    The written model runs in any ONNX runtime. The input is called saboteur/TENSOR: k selects
    corruption k, -1 (the default) selects no fault, and -2 a random corruption for each sample.
    Corruption k equals the corruption of injection k of `onnxfi inject` with the same model,
    target, inputs, error model and seed, and --count N, on the CPU.

    Example: onnxfi embed m.onnx --target fc1 --sites sites.npz -o e.onnx
    """
    if save_sites is not None and save_sites.suffix not in (".npz", ".npy"):
        raise InputError(
            "--save-sites must end in .npz, or in .npy to write injections.npy and masks.npy, got "
            f"{str(save_sites)!r}."
        )
    loaded = load(model)
    resolved = loaded.target(target)
    if per_sample is None:
        per_sample = counts_samples(loaded, resolved)
    if error_model is None:
        listed = _read(Path(sites), resolved, per_sample=per_sample)
    else:
        drawn_from = load_error_model(error_model)
        given = configure_optional_inputs(inputs, feeding)
        listed = _draw(
            loaded, resolved, drawn_from, _count(sites), given, seed=seed, per_sample=per_sample
        )
    embedded = embed_in_model(loaded, resolved, listed.corruptions, per_sample=per_sample)
    embedded.save(out)
    if save_sites is not None:
        _write(listed, save_sites, resolved, per_sample=per_sample)
    saboteur = embedded.graph.inputs[-1].name
    noise = draws(loaded)
    if as_json:
        print_json(
            {
                "model": str(out),
                "target": resolved.tensor,
                "input": saboteur,
                "corruptions": len(listed.corruptions),
                "per_sample": per_sample,
                "sites": None if save_sites is None else str(save_sites),
                "noise": noise,
            }
        )
        return
    messages.print(
        f"{len(listed.corruptions)} corruptions of {resolved.tensor}, selected by the input "
        f"{saboteur}{' for each sample' if per_sample else ''}.",
    )
    if noise is not None:
        messages.print(
            f"{noise} The written model draws new ones each time it runs, with a fault or "
            "without: a single run does not show what the fault changed."
        )
    typer.echo(out)


def _count(sites: str) -> int:
    if not sites.isdecimal() or int(sites) < 1:
        raise InputError(
            "With --error-model, --sites must be the number of corruptions to draw, at least 1, "
            f"got {sites!r}. To embed a file of corruptions, omit --error-model."
        )
    return int(sites)


def _draw(
    model: Model,
    target: Target,
    error_model: ErrorModel,
    count: int,
    inputs: Inputs | None,
    *,
    seed: int,
    per_sample: bool,
) -> SiteList:
    if inputs is None:
        feeds = _random_inputs(model, min(count, _MOST_DRAWN_INPUTS), seed)
        if target.kind != "weight":
            messages.print(
                "Note: corruptions are drawn for standard normal inputs, with 0 for integers and "
                "length 1 for axes of unknown length. Give --inputs to draw for real inputs.",
            )
    else:
        samples = read_samples(model, inputs)
        feeds = [samples.at(index) for index in range(len(samples))]
    error_model = prepare_error_model(error_model, target)
    stratum = Stratum((target,), (error_model,), label="")
    plan = Plan([stratum], len(feeds), faults=[count])
    corruptions = []
    shapes: set[tuple[int, ...]] = set()
    with Injector(model, target, provider="cpu") as injector:
        (shard,) = plan.shards(count)
        for index, ids in plan.by_input(shard):
            golden = injector.golden(feeds[index], seed=seed).target
            shapes.add(golden.shape)
            corruptions += [
                error_model.sample(
                    golden, channel_axis=target.channel_axis, rng=injection_rng(seed, injection_id)
                )
                for injection_id in ids
            ]
    if len(shapes) > 1:
        raise InputError(
            f"{target.tensor!r} has the shapes {', '.join(map(format_shape, sorted(shapes)))} "
            "with these inputs, and corruptions can be embedded for one shape only. Give inputs of "
            "one shape."
        )
    return SiteList(golden.shape[1:] if per_sample else golden.shape, tuple(corruptions))


def _random_inputs(model: Model, count: int, seed: int) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    feeds = []
    for _ in range(count):
        feed = {}
        for value in model.graph.inputs:
            if value.shape is None or value.dtype is None:
                raise InputError(
                    f"The shape of the input {value.name!r} is unknown, so no random inputs can "
                    "be drawn. Give --inputs."
                )
            shape = [length if isinstance(length, int) else 1 for length in value.shape]
            dtype = value.dtype.numpy()
            is_float = value.dtype.is_floating_point()
            feed[value.name or ""] = (
                rng.standard_normal(shape) if is_float else np.zeros(shape)
            ).astype(dtype)
        feeds.append(feed)
    return feeds


def _read(path: Path, target: Target, *, per_sample: bool) -> SiteList:
    if path.suffix == ".npz":
        listed = SiteList.load(path)
    elif path.suffix == ".npy":
        axis = _channel_axis(target, per_sample=per_sample)
        listed = read_dense_sites(path, dtype=target.dtype, channel_axis=axis)
    else:
        raise InputError(
            "Without --error-model, --sites must be a file of corruptions, sites.npz or "
            f"injections.npy, got {str(path)!r}. To draw corruptions, give --error-model."
        )
    shape = sample_shape(target, per_sample=per_sample)
    if shape is not None and not shape_fits(listed.shape, shape):
        raise InputError(
            f"{path} holds corruptions of a tensor of shape {format_shape(listed.shape)}, but "
            f"{target.tensor!r} must be corrupted at shape {format_shape(shape)}. Give a file made "
            "for this target."
        )
    return listed


def _write(listed: SiteList, path: Path, target: Target, *, per_sample: bool) -> None:
    if path.suffix == ".npz":
        listed.save(path)
    else:
        axis = _channel_axis(target, per_sample=per_sample)
        write_dense_sites(listed, path, channel_axis=axis)


def _channel_axis(target: Target, *, per_sample: bool) -> int | None:
    """Return the channel axis of the corrupted array, if it has one."""
    if target.channel_axis is None:
        return None
    axis = target.channel_axis - per_sample
    return axis if axis >= 0 else None
