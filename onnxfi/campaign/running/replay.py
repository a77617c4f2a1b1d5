"""Running one recorded injection once more."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onnxfi.atomic_write import atomic_write
from onnxfi.campaign.planning.plan import Shard
from onnxfi.campaign.records.record_files import read_file
from onnxfi.campaign.run_directory.run_directory import RunDirectory
from onnxfi.campaign.running.worker import Worker
from onnxfi.error_models import SiteList, bit_layout
from onnxfi.errors import ConfigurationError, InputError
from onnxfi.injector import Injection
from onnxfi.injector.golden import Golden

# What a replay must give again whatever computes it; other columns may differ in the last bits
# between providers.
_DECISIVE = ("fault_id", "input_index", "target_of_site", "bit", "indices", "values", "outcome")


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """An injection that was run once more.

    Attributes:
        injection: the injection.
        golden: the golden run that it began from.
        corrupted: the corrupted tensors, by the names of the targets.
        recorded: its record, by column.
        replayed: the record that it gives now.
    """

    injection: Injection
    golden: Golden
    corrupted: Mapping[str, np.ndarray]
    recorded: Mapping[str, Any]
    replayed: Mapping[str, Any]

    @property
    def differences(self) -> tuple[str, ...]:
        """The columns in which the record differs from the recorded one."""
        names = dict.fromkeys([*self.recorded, *self.replayed])
        # As texts, in which a NaN equals a NaN.
        return tuple(x for x in names if repr(self.recorded.get(x)) != repr(self.replayed.get(x)))

    @property
    def same(self) -> bool:
        """Whether the corruptions and the outcome are the recorded ones."""
        return not set(self.differences) & set(_DECISIVE)

    def save(self, folder: Path) -> None:
        """Write what the injection was and did.

        ``record.json``; ``corrupted.npz`` and ``golden.npz``, the tensors by the names of the
        targets; ``outputs.npz`` and ``golden_outputs.npz``, by the names of the outputs; and
        ``sites_K.npz``, the injection sites of target K, counted from 0, as `SiteList.load` reads
        them. Arrays of a dtype that NumPy lacks hold its bits as unsigned integers; outputs that
        are no tensors are left out.

        Args:
            folder: where to; made if it is not there.

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
            raise InputError(f"The replay cannot be written to {folder}: {error}.") from error
        pairs = zip(injection.targets, injection.corruptions, strict=True)
        for number, (name, corruption) in enumerate(pairs):
            shape = self.golden.targets[name].shape
            SiteList(shape, (corruption,)).save(folder / f"sites_{number}.npz")


def replay(directory: str | Path, injection_id: int) -> Replay:
    """Run an injection of a campaign once more.

    Args:
        directory: the run directory, or its address.
        injection_id: the injection's id; its record must be there.

    Raises:
        ConfigurationError: the directory holds no such record, or what the campaign depends on
            changed.
        OnnxfiError: the injection cannot be run.
    """
    opened = RunDirectory.open(directory)
    recorded = _record(opened, injection_id)
    worker = Worker(opened.configuration)
    opened.check_unchanged(worker.model)
    plan = worker.plan
    shard = Shard(injection_id, 1, plan.stratum(injection_id))
    (replayed,) = worker.run(shard).table().to_pylist()
    stratum = plan.strata[shard.stratum]
    injector = worker.injector(stratum.targets)
    golden = worker.golden(injector, plan.input_index(injection_id))
    (injection,) = injector.inject(
        golden,
        stratum.error_models,
        seed=opened.configuration.seed,
        first_id=injection_id,
        first_fault=plan.fault_id(injection_id),
        metric=worker.metric,
    )
    corrupted = injector.corrupted(golden, injection)
    return Replay(injection, golden, corrupted, recorded, replayed)


def _record(directory: RunDirectory, injection_id: int) -> dict[str, Any]:
    planned = int(directory.manifest["injections"])
    if not 0 <= injection_id < planned:
        raise ConfigurationError(
            f"The id of an injection must be from 0 to {planned - 1} in {directory.place}, got "
            f"{injection_id}."
        )
    for ids, name in zip(directory.finished(), directory.files(), strict=True):
        if injection_id in ids:
            table: pa.Table = read_file(directory.storage, name)
            rows = table.filter(pc.equal(table["injection_id"], injection_id)).to_pylist()
            if rows:
                return dict(rows[0])
    raise ConfigurationError(
        f"A replay needs the record to compare with, and {directory.place} has none of injection "
        f"{injection_id} yet. Go on with `onnxfi campaign resume {directory.place}`."
    )


def _beside_answer(golden: Golden, outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return faulty outputs that equal the answer where the fault changed nothing."""
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
    # Not numpy.savez, which takes the names as arguments: any name may be one of a tensor.
    with atomic_write(path) as aside, ZipFile(aside, "w", ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray) or array.dtype.hasobject:
                continue
            plain = (
                array
                if array.dtype.isbuiltin == 1
                else array.view(bit_layout(array.dtype).unsigned)
            )
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, plain, allow_pickle=False)
