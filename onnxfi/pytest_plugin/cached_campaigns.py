"""Runs campaigns for tests, and keeps them by the fingerprint of what they depend on."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

import onnxfi
from onnxfi.errors import ConfigurationError
from onnxfi.onnx_ir import ir
from onnxfi.results import Results
from onnxfi.run_directory import STOPPED_EARLY
from onnxfi.statistics import Rate, WeightedRate


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """A share of inferences with a fault, with its 95 % interval.

    Attributes:
        share: the share.
        lower: the lower end of the interval.
        upper: the upper end: what a limit is compared with.
    """

    share: float
    lower: float
    upper: float

    @classmethod
    def of(cls, rate: Rate | WeightedRate) -> "MeasuredRate":
        """Return a rate of the statistics."""
        return cls(rate.share, rate.low, rate.high)

    def __repr__(self) -> str:
        """Return the share in percent with its interval."""
        return f"{100 * self.share:.2f} % [{100 * self.lower:.2f}, {100 * self.upper:.2f}]"


@dataclass(frozen=True, slots=True)
class MeasuredRates:
    """The rates of a campaign; with several error models, each rate is the highest of theirs.

    Attributes:
        rates: the rates of the network by outcome, and by flag of the metric.
        of: the same for each error model, by its name.
        results: the records and their statistics.
    """

    rates: Mapping[str, MeasuredRate]
    of: Mapping[str, Mapping[str, MeasuredRate]]
    results: Results

    def __repr__(self) -> str:
        """Return one line: sdc and due."""
        return f"<rates of {len(self.results)} injections: sdc {self.sdc}, due {self.due}>"

    @property
    def sdc(self) -> MeasuredRate:
        """The share of silent data corruptions."""
        return self.rates["sdc"]

    @property
    def due(self) -> MeasuredRate:
        """The share of detected unrecoverable errors."""
        return self.rates["due"]


class CampaignCache:
    """Campaigns in a folder, each under its fingerprint."""

    def __init__(self, folder: Path, *, update: bool) -> None:
        """Keep the folder.

        Args:
            folder: where the campaigns are kept.
            update: whether to run kept ones again, once for each cache.
        """
        self._folder = folder
        self._update = update
        self._updated: set[str] = set()

    def run(self, **arguments: Any) -> MeasuredRates:
        """Return the rates of a campaign, which runs if it is not kept.

        Args:
            arguments: what `onnxfi.Campaign` takes, without ``out``.

        Raises:
            OnnxfiError: the campaign cannot be run.
        """
        if "out" in arguments:
            raise ConfigurationError(
                "fault_campaign keeps its campaigns itself: leave out `out`, or choose the folder "
                "with --onnxfi-cache."
            )
        key = fingerprint(arguments)
        kept = self._folder / key
        if self._update and key not in self._updated and kept.exists():
            shutil.rmtree(kept)
        self._updated.add(key)
        if not (kept / "manifest.json").exists():
            return _rates(onnxfi.Campaign(**arguments, out=kept).run())
        results = onnxfi.open(kept)
        if len(results) < results.planned and not (kept / STOPPED_EARLY).exists():
            results = onnxfi.Campaign.open(kept).run()  # an earlier session was interrupted
        return _rates(results)


def _rates(results: Results) -> MeasuredRates:
    rows = {
        x.error_model: {name: MeasuredRate.of(rate) for name, rate in x.rates.items()}
        for x in results.summary()
    }
    highest = {
        name: max((rates[name] for rates in rows.values()), key=lambda x: x.upper)
        for name in next(iter(rows.values()))
    }
    return MeasuredRates(highest, rows, results)


def fingerprint(arguments: Mapping[str, Any]) -> str:
    """Return the fingerprint of a campaign's arguments: files count by their content.

    Versions of onnxfi and ONNX Runtime are in it, since they may change a record.
    """
    digest = hashlib.sha256()
    versions = (onnxfi.__version__, onnxruntime.__version__)
    _add(digest, {**arguments, "": versions})
    return digest.hexdigest()[:24]


def _add(digest: "hashlib._Hash", value: Any) -> None:
    """Add a value, with its kind, so that values that differ cannot look alike."""
    digest.update(f"<{type(value).__name__}".encode())
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            _add(digest, str(key))
            _add(digest, value[key])
    elif isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, onnx.ModelProto):
        digest.update(value.SerializeToString())
    elif isinstance(value, onnxfi.Model):
        digest.update(ir.serde.serialize_model(value.ir_model).SerializeToString())
    elif isinstance(value, str | Path):
        digest.update(str(value).encode())
        path = Path(value)
        if len(str(value)) < 4096 and "\0" not in str(value) and path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    elif isinstance(value, Sequence | set | frozenset):
        for item in value:
            _add(digest, item)
    elif hasattr(value, "to_dict"):
        digest.update(json.dumps(value.to_dict(), sort_keys=True).encode())
    else:
        digest.update(repr(value).encode())
    digest.update(b">")
