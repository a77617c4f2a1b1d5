"""``onnxfi embed``."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from onnxfi.campaign.configuration import Inputs
from onnxfi.campaign.planning.plan import Plan
from onnxfi.campaign.planning.strata import Stratum
from onnxfi.cli.options.arguments import (
    ArrayOption,
    AxisOption,
    ConstantOption,
    ModelArgument,
    RepeatOption,
    SeedOption,
    TargetOption,
)
from onnxfi.cli.options.inputs import optional_inputs_of, read_samples
from onnxfi.cli.output import messages
from onnxfi.error_models import ErrorModel, SiteList, read_dense_sites, write_dense_sites
from onnxfi.error_models import load as load_error_model
from onnxfi.errors import InputError
from onnxfi.graph import Model, Target, load
from onnxfi.injector import Injector, injection_rng, prepare_error_model
from onnxfi.injector.inputs import format_shape, shape_fits
from onnxfi.surgery import embed as embed_in_model
from onnxfi.surgery.embed import counts_samples, sample_shape
from onnxfi.surgery.noise import draws

_MOST_DRAWN_INPUTS = 16


def embed(
    model: ModelArgument,
    *,
    target: TargetOption,
    sites: Annotated[
        str,
        typer.Option(
            metavar="N|FILE",
            help="How many corruptions to draw from --error-model; or a file that holds them: "
            "sites.npz (see --save-sites), or injections.npy with masks.npy beside it.",
        ),
    ],
    error_model: Annotated[
        str | None, typer.Option(metavar="SPEC", help="name or name:key=value,…: bitflip:bit=30")
    ] = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="X.npz",
            help="Arrays named after the graph inputs, to draw for; random ones by default.",
        ),
    ] = None,
    array: ArrayOption = None,
    axis: AxisOption = None,
    constant: ConstantOption = None,
    repeat: RepeatOption = False,
    seed: SeedOption = 0,
    per_sample: Annotated[
        bool | None,
        typer.Option(
            "--per-sample/--whole-tensor",
            help="Whether each sample of a batch is corrupted by itself; by default if axis 0 of "
            "the target is that of the batch.",
        ),
    ] = None,
    save_sites: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the corruptions: sites.npz or injections.npy."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="OUT.onnx", help="The model to write.")],
) -> None:
    """Embed corruptions in a model, and an input that selects one when any ONNX runtime runs it.

    The input is called saboteur/TENSOR: k selects the corruption k, -1 (the default) no fault, -2
    a random one for each sample. The corruption k is that of injection k of `onnxfi inject` with
    the same model, target, inputs, error model and seed, and --count N, on the CPU.

    Example: onnxfi embed m.onnx --target fc1 --sites sites.npz --out e.onnx
    """
    if save_sites is not None and save_sites.suffix not in (".npz", ".npy"):
        raise InputError(
            "--save-sites must end in .npz, or in .npy for injections.npy with masks.npy, got "
            f"{str(save_sites)!r}."
        )
    loaded = load(model)
    aimed = loaded.target(target)
    if per_sample is None:
        per_sample = counts_samples(loaded, aimed)
    if error_model is None:
        listed = _read(Path(sites), aimed, per_sample=per_sample)
    else:
        drawn_from = load_error_model(error_model)
        given = optional_inputs_of(inputs, array=array, axis=axis, constant=constant, repeat=repeat)
        listed = _draw(
            loaded, aimed, drawn_from, _count(sites), given, seed=seed, per_sample=per_sample
        )
    embedded = embed_in_model(loaded, aimed, listed.corruptions, per_sample=per_sample)
    embedded.save(out)
    if save_sites is not None:
        _write(listed, save_sites, aimed, per_sample=per_sample)
    saboteur = embedded.graph.inputs[-1].name
    messages.print(
        f"{len(listed.corruptions)} corruptions of {aimed.tensor}, selected by the input {saboteur}"
        f"{' for each sample' if per_sample else ''}.",
    )
    noise = draws(loaded)
    if noise is not None:
        messages.print(
            f"{noise} The written model draws others each time it runs, with a fault and without: "
            "a single run does not show what the fault changed."
        )
    typer.echo(out)


def _count(sites: str) -> int:
    if not sites.isdecimal() or int(sites) < 1:
        raise InputError(
            "With --error-model, --sites is the number of corruptions to draw, at least 1, got "
            f"{sites!r}. A file of corruptions needs no --error-model."
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
                "Note: drawn for standard normal inputs, axes of unknown length 1 long, integers "
                "0. Give --inputs to draw for real ones.",
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
            f"Corruptions to embed are for a tensor of one shape, and {target.tensor!r} has the "
            f"shapes {', '.join(map(format_shape, sorted(shapes)))} with these inputs. Give inputs "
            "of one shape."
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
                    f"The shape of the input {value.name!r} is not known, so no inputs can be "
                    "drawn. Give --inputs."
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
            "Without --error-model, --sites is a file of corruptions, sites.npz or injections.npy, "
            f"got {str(path)!r}."
        )
    shape = sample_shape(target, per_sample=per_sample)
    if shape is not None and not shape_fits(listed.shape, shape):
        raise InputError(
            f"The corruptions in {path} are for a tensor of shape {format_shape(listed.shape)}, "
            f"and what is to be corrupted of {target.tensor!r} has the shape {format_shape(shape)}."
        )
    return listed


def _write(listed: SiteList, path: Path, target: Target, *, per_sample: bool) -> None:
    if path.suffix == ".npz":
        listed.save(path)
    else:
        axis = _channel_axis(target, per_sample=per_sample)
        write_dense_sites(listed, path, channel_axis=axis)


def _channel_axis(target: Target, *, per_sample: bool) -> int | None:
    """Return the axis of the channels in what a corruption is of; None where it has none."""
    if target.channel_axis is None:
        return None
    axis = target.channel_axis - per_sample
    return axis if axis >= 0 else None
