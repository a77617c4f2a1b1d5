"""Runs one recorded injection again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.atomic_write import atomic_write
from onnxfi.campaign.inputs.array_file import write_arrays
from onnxfi.campaign.running.worker import Worker
from onnxfi.error_models import Corruption, ErrorModel, SiteList, bit_layout
from onnxfi.errors import ConfigurationError, InputError
from onnxfi.injector import Golden, Injection
from onnxfi.run_directory import RunDirectory, Shard, read_file

# Columns that a replay reproduces on every provider; the others may differ in the last bits.
_DECISIVE = ("fault_id", "input_index", "target_of_site", "bit", "indices", "values", "outcome")


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """An injection that was run again.

    Attributes:
        injection: the injection.
        golden: the golden run that it started from.
        corrupted: the corrupted tensors, by the names of the targets.
        recorded: the existing record, by column.
        replayed: the new record, by column.
    """

    injection: Injection
    golden: Golden
    corrupted: Mapping[str, np.ndarray]
    recorded: Mapping[str, Any]
    replayed: Mapping[str, Any]

    @property
    def differences(self) -> tuple[str, ...]:
        """The columns in which the two records differ."""
        names = dict.fromkeys([*self.recorded, *self.replayed])
        # Compared as text, where NaN equals NaN.
        return tuple(x for x in names if repr(self.recorded.get(x)) != repr(self.replayed.get(x)))

    @property
    def same(self) -> bool:
        """Whether the corruptions and the outcome are reproduced."""
        return not set(self.differences) & set(_DECISIVE)

    def save(self, folder: Path) -> None:
        """Write the injection and its effects to files.

        ``record.json`` holds the record. ``corrupted.npz`` and ``golden.npz`` hold tensors by the
        names of the targets, ``outputs.npz`` and ``golden_outputs.npz`` by the names of the
        outputs. ``sites_K.npz`` holds the injection sites of target K, counted from 0, for
        `SiteList.load`. Dtypes that NumPy lacks are stored as unsigned integers of the same bits.
        Outputs other than tensors are left out.

        Args:
            folder: the folder; created if it does not exist.

        Raises:
            InputError: the folder cannot be written.
        """
        injection = self.injection
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(folder / "record.json") as aside:
                document = {**self.replayed, "targets": injection.targets}
                aside.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
            _save(folder / "corrupted.npz", self.corrupted)
            _save(folder / "golden.npz", self.golden.targets)
            _save(folder / "outputs.npz", _beside_answer(self.golden, injection.outputs))
            _save(folder / "golden_outputs.npz", self.golden.answer)
        except OSError as error:
            raise InputError(f"{folder} cannot be written: {error}.") from error
        pairs = zip(injection.targets, injection.corruptions, strict=True)
        for number, (name, corruption) in enumerate(pairs):
            shape = self.golden.targets[name].shape
            SiteList(shape, (corruption,)).save(folder / f"sites_{number}.npz")


@dataclass(frozen=True, slots=True)
class Exactly:
    """An error model that draws one given corruption.

    Attributes:
        corruption: the corruption.
    """

    name: ClassVar[str] = "exactly"

    corruption: Corruption

    def sample(
        self, golden: np.ndarray, *, channel_axis: int | None, rng: np.random.Generator
    ) -> Corruption:
        """Return the corruption."""
        return self.corruption

    def to_dict(self) -> dict[str, Any]:
        """Return the name; the corruption is no configuration."""
        return {"name": self.name, "configuration": {}}


class Replayer:
    """Runs one recorded injection again, as it was or with another corruption."""

    def __init__(self, worker: Worker, recorded: Mapping[str, Any]) -> None:
        """Open the injector of the injection, and make its golden run.

        Args:
            worker: a worker of the campaign.
            recorded: the record of the injection.

        Raises:
            OnnxfiError: the model or the input does not fit.
        """
        self._worker, self._recorded = worker, recorded
        self._id = int(recorded["injection_id"])
        number = worker.plan.stratum(self._id)
        self._shard, self._stratum = Shard(self._id, 1, number), worker.plan.strata[number]
        if self._stratum.score_stratum is not None:
            worker.recorded[self._id] = recorded["input_index"], recorded["fault_id"]
        self._injector = worker.injector(self._stratum.targets)
        input_index, self._fault = worker.place(self._id)
        self._golden = worker.golden(self._injector, input_index)

    @classmethod
    def open(cls, directory: str | Path, injection_id: int) -> Self:
        """Return one for a recorded injection of a run directory.

        Raises:
            ConfigurationError: the directory has no such record, or what the campaign depends on
                changed.
            OnnxfiError: the model or the input does not fit.
        """
        opened = RunDirectory.open(directory)
        recorded = recorded_injection(opened, injection_id)
        worker = Worker(opened.configuration)
        opened.check_unchanged(worker.model)
        return cls(worker, recorded)

    def run(self) -> Replay:
        """Run the injection as it was.

        Raises:
            OnnxfiError: the injection cannot be run.
        """
        (replayed,) = self._worker.run(self._shard).table().to_pylist()
        injection = self.inject(*self._stratum.error_models)
        corrupted = self._injector.corrupted(self._golden, injection)
        return Replay(injection, self._golden, corrupted, self._recorded, replayed)

    def inject(self, *error_models: ErrorModel) -> Injection:
        """Run the injection with an error model for each target.

        Raises:
            OnnxfiError: the injection cannot be run.
        """
        (injection,) = self._injector.inject(
            self._golden,
            error_models,
            seed=self._worker.configuration.seed,
            first_id=self._id,
            first_fault=self._fault,
            metric=self._worker.metric,
        )
        return injection


def replay(directory: str | Path, injection_id: int, *, sites: str | Path | None = None) -> Replay:
    """Run an injection of a campaign again.

    Args:
        directory: the run directory, or its address.
        injection_id: the id of a recorded injection.
        sites: a file of injection sites (`SiteList`) whose first corruption takes the place of the
            recorded one; None for the injection as it was.

    Raises:
        ConfigurationError: the directory has no such record, or what the campaign depends on
            changed.
        InputError: the sites cannot be read, or do not fit the target.
        OnnxfiError: the injection cannot be run.
    """
    replayer = Replayer.open(directory, injection_id)
    found = replayer.run()
    if sites is None:
        return found
    injection = replayer.inject(Exactly(SiteList.load(Path(sites)).corruptions[0]))
    return replace(found, injection=injection)


def replay_with(worker: Worker, recorded: Mapping[str, Any]) -> Replay:
    """Run the injection of a record again, with a worker of its campaign.

    Raises:
        OnnxfiError: the injection cannot be run.
    """
    return Replayer(worker, recorded).run()


def recorded_injection(directory: RunDirectory, injection_id: int) -> dict[str, Any]:
    """Return the record of an injection.

    Raises:
        ConfigurationError: there is none.
    """
    planned = int(directory.manifest["injections"])
    scored = directory.configuration.injections.sampling == "severity"
    if not scored and not 0 <= injection_id < planned:
        raise ConfigurationError(
            f"The injections of {directory.place} are numbered from 0 to {planned - 1}, got "
            f"{injection_id}."
        )
    for ids, name in zip(directory.finished(), directory.files(), strict=True):
        if injection_id in ids:
            table: pa.Table = read_file(directory.storage, name)
            rows = table.filter(pc.equal(table["injection_id"], injection_id)).to_pylist()
            if rows:
                return dict(rows[0])
    raise ConfigurationError(
        f"{directory.place} has no record of injection {injection_id} yet, which a replay compares "
        f"with. Run it first: `onnxfi campaign resume {directory.place}`."
    )


def _beside_answer(golden: Golden, outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return faulty outputs with the elements of the answer where the fault changed nothing."""
    return {
        name: _merged(golden.answer[name], golden.outputs[name], faulty)
        for name, faulty in outputs.items()
    }


def _merged(answer: Any, golden: Any, faulty: Any) -> Any:
    if faulty is golden:
        return answer
    alike = isinstance(faulty, np.ndarray) and faulty.shape == golden.shape == answer.shape
    if not alike or faulty.dtype.hasobject:
        return faulty
    width = f"V{faulty.itemsize}"
    unchanged = np.ascontiguousarray(faulty).view(width) == np.ascontiguousarray(golden).view(width)
    return np.where(unchanged.reshape(faulty.shape), answer, faulty)


def _save(path: Path, arrays: Mapping[str, Any]) -> None:
    write_arrays(
        path,
        {
            name: x if x.dtype.isbuiltin == 1 else x.view(bit_layout(x.dtype).unsigned)
            for name, x in arrays.items()
            if isinstance(x, np.ndarray) and not x.dtype.hasobject
        },
    )
