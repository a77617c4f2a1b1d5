"""Writes the report of a run directory."""

from pathlib import Path

from onnxfi.error_models import BitLayout, bit_layout
from onnxfi.graph import load
from onnxfi.report.html import write_report
from onnxfi.run_directory import RunDirectory
from onnxfi.statistics import CampaignStatistics, describe_counts, summarise


def write_campaign_report(directory: str | Path, out: Path | None = None) -> Path:
    """Write the report of a campaign, finished or not.

    Args:
        directory: the run directory, or its address.
        out: the file to write; by default ``report.html`` in the run directory, which must then be
            a folder.

    Returns:
        The file written.

    Raises:
        ConfigurationError: the directory holds no campaign, or no records yet.
        MissingExtraError: jinja2 or plotly is not installed.
    """
    opened = RunDirectory.open(directory)
    found = summarise(directory, opened.configuration)
    manifest = opened.manifest
    facts = {
        "model": opened.configuration.model.name,
        "inputs": opened.configuration.inputs.name,
        "injections": f"{opened.recorded} recorded of {manifest['injections']} planned",
        "counted": describe_counts(found),
        "seed": str(manifest["seed"]),
        "provider": str(manifest["provider"]),
        **{f"version of {name}": version for name, version in manifest["versions"].items()},
        "SHA-256 of the model": manifest["model"],
        "SHA-256 of the inputs": manifest["inputs"],
    }
    return write_report(
        opened.path / "report.html" if out is None else out,
        title=f"Fault injection: {opened.configuration.model.stem}",
        facts=facts,
        statistics=found,
        layout=_bit_layout(opened, found),
    )


def _bit_layout(opened: RunDirectory, found: CampaignStatistics) -> BitLayout | None:
    """Return the bit layout of the targets, if the model is readable and they share one dtype."""
    if not opened.configuration.model.exists():
        return None  # the report may be written on a machine without the model
    targets = {group.key["target"] for group in found.groups.get("target", ())}
    model = load(opened.configuration.model)
    dtypes = {target.dtype for target in model.targets() if target.tensor in targets}
    return bit_layout(dtypes.pop()) if len(dtypes) == 1 else None
