"""Turns the arguments of a campaign that is made in Python into its configuration."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, TypeAlias

import numpy as np
import onnx

from onnxfi.campaign.inputs.array_file import write_arrays
from onnxfi.configuration import Configuration
from onnxfi.error_models import ErrorModel
from onnxfi.errors import ConfigurationError
from onnxfi.graph import Model, Target, load
from onnxfi.injector.metrics import BUILT_IN, Metric
from onnxfi.storage import is_address

ModelLike: TypeAlias = str | Path | Model | onnx.ModelProto
InputsLike: TypeAlias = str | Path | np.ndarray | Mapping[str, Any] | Sequence[str | Path]
TargetsLike: TypeAlias = str | Target | Mapping[str, Any] | Sequence[Any]
ErrorModelLike: TypeAlias = str | ErrorModel | Mapping[str, Any]
MetricLike: TypeAlias = str | Metric | Callable[..., Any] | Mapping[str, Any]

Writer: TypeAlias = Callable[[Path], object]

_MODEL, _INPUTS, _LABELS = "model.onnx", "inputs.npz", "labels.npy"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a campaign as a configuration.

    Attributes:
        configuration: the configuration, which names files in the run directory for everything
            that is in memory.
        in_memory: writes each of these files, by name.
    """

    configuration: Configuration
    in_memory: Mapping[str, Writer]

    @contextmanager
    def saved(self, place: str | Path) -> Iterator[None]:
        """Write what is in memory into an empty run directory; remove it if the block fails.

        Raises:
            ConfigurationError: the run directory cannot be written.
        """
        if not self.in_memory:
            yield
            return
        folder = Path(place)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, write in self.in_memory.items():
                write(folder / name)
            yield
        except OSError as error:
            self.remove(place)
            raise ConfigurationError(f"{folder} is not writable: {error}.") from error
        except BaseException:
            self.remove(place)
            raise

    def remove(self, place: str | Path) -> None:
        """Remove what `saved` wrote, unless the run directory holds a campaign."""
        folder = Path(place)
        if self.in_memory and not (folder / "manifest.json").exists():
            with suppress(OSError):
                for name in self.in_memory:
                    (folder / name).unlink(missing_ok=True)
                folder.rmdir()  # fails if it has other files


def configure(
    *,
    model: ModelLike | None,
    inputs: InputsLike | None,
    tensors: Mapping[str, Any] | None,
    labels: str | np.ndarray | Sequence[int] | None,
    targets: TargetsLike | None,
    error_models: ErrorModelLike | Iterable[ErrorModelLike] | None,
    injections: int | str | Mapping[str, Any] | None,
    metric: MetricLike | None,
    out: str | Path | None,
    **others: Any,
) -> Arguments:
    """Return the configuration of a campaign that is made in Python; see `Campaign`.

    Raises:
        ConfigurationError: an argument is wrong, or one is missing.
    """
    name = Path(model).stem if isinstance(model, str | Path) else "model"
    place = Path("runs", name).resolve() if out is None else out
    files = _Files(place)
    document = {
        "model": model,
        "inputs": None if inputs is None else _inputs(inputs, tensors, labels, files),
        "targets": None if targets is None else _targets(targets),
        "error_models": error_models,
        "injections": {"per_target": injections} if isinstance(injections, int) else injections,
        "metric": None if metric is None else _metric(metric),
        "out": str(place),
        **others,
    }
    if isinstance(model, Model | onnx.ModelProto):
        loaded = model if isinstance(model, Model) else load(model)
        document["model"] = files.keep(_MODEL, loaded.save)
    if isinstance(error_models, Iterable) and not isinstance(error_models, str | Mapping):
        document["error_models"] = list(error_models)
    said = {key: value for key, value in document.items() if value is not None}
    configuration = Configuration.from_document(said, "The campaign", folder=Path.cwd())
    return Arguments(configuration, files.writers)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files that will be written into the run directory.

    Attributes:
        place: the run directory.
        writers: writes each file, by name.
    """

    place: str | Path
    writers: dict[str, Writer] = field(default_factory=dict)

    def keep(self, name: str, write: Writer) -> str:
        """Return the path of a file that will be written."""
        if is_address(self.place):
            raise ConfigurationError(
                f"The run directory {self.place} is an address, so it takes no models and arrays "
                "from memory. Save them to files, and give their paths."
            )
        self.writers[name] = write
        return str(Path(self.place).resolve() / name)


def _inputs(
    inputs: InputsLike,
    tensors: Mapping[str, Any] | None,
    labels: str | np.ndarray | Sequence[int] | None,
    files: _Files,
) -> dict[str, Any]:
    """Return the section of the inputs, as the YAML has it."""
    section = _source(inputs, files)
    if tensors is not None:
        section["tensors"] = dict(tensors)
    if isinstance(labels, str):
        section["labels"] = labels
    elif labels is not None:
        array = np.asarray(labels)
        section["labels"] = {"file": files.keep(_LABELS, lambda path: np.save(path, array))}
    return section


def _source(inputs: InputsLike, files: _Files) -> dict[str, Any]:
    if isinstance(inputs, str | Path):
        return {"file": str(inputs), "labels": "auto"}
    if isinstance(inputs, Mapping):
        if isinstance(inputs.get("file"), str | Path | list | tuple):
            return dict(inputs)
        arrays = {name: np.asarray(x) for name, x in inputs.items()}
    elif isinstance(inputs, Sequence) and all(isinstance(x, str | Path) for x in inputs):
        return {"file": [str(x) for x in inputs], "labels": "auto"}
    else:
        arrays = {"inputs": np.asarray(inputs)}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise ConfigurationError(
                f"The input {name!r} must be an array of numbers or text, got an array of objects."
            )
    return {"file": files.keep(_INPUTS, lambda path: write_arrays(path, arrays))}


def _targets(targets: TargetsLike) -> Any:
    if isinstance(targets, Target):
        return targets.tensor
    if isinstance(targets, str | Mapping):
        return targets
    return [x.tensor if isinstance(x, Target) else x for x in targets]


def _metric(metric: MetricLike) -> Any:
    """Return a metric as the configuration names it.

    Raises:
        ConfigurationError: `resume` could not import it.
    """
    if isinstance(metric, str | Mapping):
        return metric
    kind = metric if isinstance(metric, type | FunctionType) else type(metric)
    configuration: dict[str, Any] = {}
    if is_dataclass(metric) and not isinstance(metric, type):
        configuration = {
            x.name: getattr(metric, x.name)
            for x in fields(metric)
            if x.init and getattr(metric, x.name) != x.default
        }
    for name, built_in in BUILT_IN.items():
        if kind is built_in:
            return {"name": name, "configuration": configuration}
    if kind.__module__ == "__main__" or "." in kind.__qualname__:
        raise ConfigurationError(
            f"The metric {kind.__qualname__} must be in a module that can be imported, so that "
            "the campaign can be resumed. Move it to a file such as metrics.py, and import it."
        )
    return {"name": f"{kind.__module__}:{kind.__qualname__}", "configuration": configuration}
