"""Makes the strata of a fault list."""

from onnxfi.campaign.inputs import InputSource
from onnxfi.campaign.planning.fault_list.listed import Listed
from onnxfi.campaign.planning.fault_list.matching import Named, axes_of, find_sites, find_target
from onnxfi.campaign.planning.fault_list.reading import ListedFault, read_faults
from onnxfi.campaign.planning.fault_space import target_shapes
from onnxfi.campaign.planning.strata import Stratum
from onnxfi.configuration import Configuration, ListColumns, Targets
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model


def list_strata(model: Model, inputs: InputSource, configuration: Configuration) -> list[Stratum]:
    """Return one stratum for each target of the configuration's fault list.

    Targets come in the order in which the list first names them, faults in the order of the list.

    Raises:
        ConfigurationError: a row is wrong, or names no target.
    """
    groups = _group(model, configuration)
    path = configuration.injections.list
    file = "" if path is None else path.name
    shapes = target_shapes(model, [x.target for x in groups], inputs)
    strata, first = [], 0
    for named, rows in groups.items():
        shape = shapes[named.target]
        sites = find_sites(rows, named, axes_of(model, named), shape, file)
        strata.append(Stratum((named.target,), (Listed(rows, sites, first),), Listed.name))
        first += len(rows)
    return strata


def list_note(model: Model, configuration: Configuration) -> str | None:
    """Return a sentence about the order of axes in the list; None where nothing was mapped."""
    if configuration.injections.list is None:
        return None
    groups = _group(model, configuration)
    mapped = [
        f"{rows[0].name} to {x.target.tensor}"
        + ("" if axes_of(model, x) is None else f" (axes in the order of {x.layout}, transposed)")
        for x, rows in groups.items()
        if rows[0].name != x.target.tensor or axes_of(model, x) is not None
    ]
    return f"The fault list's names are mapped: {'; '.join(mapped)}." if mapped else None


def _group(model: Model, configuration: Configuration) -> dict[Named, list[ListedFault]]:
    wanted, said = configuration.injections, configuration.targets
    assert wanted.list is not None
    kind = said.kind if isinstance(said, Targets) and said != Targets() else None
    if not isinstance(said, Targets):
        raise ConfigurationError("A fault list names its targets: leave out the list of targets.")
    if [x.label for x in configuration.error_models] != [Listed.name]:
        labels = ", ".join(x.label for x in configuration.error_models)
        raise ConfigurationError(
            f"A fault list flips the bits that it names: leave out error_models, got {labels}."
        )
    found: dict[str, Named] = {}
    groups: dict[Named, list[ListedFault]] = {}
    for fault in read_faults(wanted.list, wanted.columns or ListColumns()):
        key = f"{fault.name} {len(fault.index)}"
        if key not in found:
            named = find_target(model, fault, kind, wanted.list.name)
            layout = named.layout if wanted.layout == "auto" else wanted.layout
            found[key] = Named(named.target, layout)
        groups.setdefault(found[key], []).append(fault)
    return groups
