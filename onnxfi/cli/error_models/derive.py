"""``onnxfi error-models derive``."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from onnxfi.cli.error_models.merge import OutOption, write_model
from onnxfi.cli.options.arguments import ChannelAxisOption, JsonOption
from onnxfi.cli.output import messages
from onnxfi.error_models.spatial.files import SpatialFile
from onnxfi.error_models.spatial.fitting import Observation, observe
from onnxfi.error_models.spatial.fitting import derive as derive_model
from onnxfi.errors import ErrorModelError, InputError


def derive(
    golden: Annotated[Path, typer.Argument(metavar="GOLDEN.npy", help="The golden tensor.")],
    faulty: Annotated[
        Path, typer.Argument(metavar="FAULTY_DIR", help="A folder of faulty tensors in .npy files.")
    ],
    *,
    channel_axis: ChannelAxisOption = 1,
    tolerance: Annotated[
        float, typer.Option(min=0, help="Ignore differences up to this size.")
    ] = 0.0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Derive a spatial model from observed tensors.

    The tensors come from a beam test or any fault injector. Each corrupted sample of a faulty
    tensor counts as one corruption.

    Example: onnxfi error-models derive golden.npy faulty/ -o observed.json
    """
    expected = _read(golden)
    paths = sorted(faulty.glob("*.npy"))
    if not paths:
        raise InputError(f"{faulty} must be a folder of .npy files, but holds none.")
    found: list[Observation] = []
    masked = 0
    for path in paths:
        try:
            observed = observe(
                expected, _read(path), channel_axis=channel_axis, tolerance=tolerance
            )
        except ErrorModelError as error:
            raise ErrorModelError(f"{path}: {error}") from error
        found += observed
        masked += not observed
    messages.print(
        f"{len(paths)} tensors: {len(found)} corruptions, {masked} tensors without corruption"
    )
    source = f"Derived from {len(paths)} faulty tensors of shape {expected.shape}"
    write_model(SpatialFile(derive_model(found), source, len(found)), out, as_json=as_json)


def _read(path: Path) -> np.ndarray:
    try:
        tensor: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"{path} must be a .npy file with an array, and cannot be read: {error}."
        ) from error
    if not isinstance(tensor, np.ndarray):
        raise InputError(f"{path} must be a .npy file with one array, but is an .npz file.")
    return tensor
