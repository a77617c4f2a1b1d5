"""Write the built-in spatial models from the published figures.

Reads the CLASSES v2 files of a folder (one for each operator, as published at
github.com/D4De/classes) and writes ``error_models/spatial/library/*.json`` in onnxfi's own schema:
frequencies and shares as ratios with four digits, percentages that complement each other, and
nothing that drawing does not use.

    python -m tools.make_spatial_models FOLDER
"""

import json
import sys
from pathlib import Path

from onnxfi.error_models.spatial.files import SpatialFile, format_spatial_file, read_spatial_file
from onnxfi.error_models.spatial.library import MODELS, model_path

SOURCE = (
    "Bolchini, Cassano, Miele, Toschi: Fast and Accurate Error Simulation for CNNs Against Soft "
    "Errors, IEEE Transactions on Computers, 2022, doi 10.1109/TC.2022.3184274; parameters: thesis "
    "politesi 10589/210019"
)
PUBLISHED_NAMES = {"conv": "conv_gemm"}


def make(published: Path) -> str:
    """Return the text of the built-in model with the figures of a published file."""
    distribution = read_spatial_file(str(published)).distribution
    observations = json.loads(published.read_text(encoding="utf-8"))["_tensor_count"]
    return format_spatial_file(SpatialFile(distribution, SOURCE, observations))


def main() -> None:
    """Write every built-in model."""
    folder = Path(sys.argv[1])
    for name in MODELS:
        text = make(folder / f"{PUBLISHED_NAMES.get(name, name)}.json")
        model_path(name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(text)} characters")


if __name__ == "__main__":
    main()
