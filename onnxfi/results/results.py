"""Gives access to a campaign's records, statistics, figures and report."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from onnxfi.configuration import Configuration
from onnxfi.display import shorten
from onnxfi.results.frames import to_pandas, to_polars
from onnxfi.results.summary import Summary, summarise_by
from onnxfi.run_directory import RunDirectory, read_records
from onnxfi.statistics import Comparison, WorstInjection, compare, worst_injections
from onnxfi.storage import LocalStorage

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from onnxfi.report import Plots, Replay


class Results:
    """The results of a campaign, finished or not.

    `Campaign.run` returns them, and `onnxfi.open` reads those of an earlier run. Each method reads
    what is recorded by then.

    Example::

        >>> results = onnxfi.open("runs/lenet")
        >>> print(results.summary("layer"))  # rates with intervals, for each error model
        >>> frame = results.to_pandas()  # one row per injection
        >>> results.report("lenet.html")
    """

    def __init__(self, directory: RunDirectory, *, replay: "Replay | None" = None) -> None:
        """Keep the run directory; see `onnxfi.open`.

        Args:
            directory: the run directory.
            replay: runs an injection again, to show the outputs of the worst ones.
        """
        self._directory = directory
        self._replay = replay
        self._plots: tuple[int, Plots] | None = None

    @property
    def path(self) -> Path | str:
        """The folder of the run, or its address."""
        storage = self._directory.storage
        return storage.path if isinstance(storage, LocalStorage) else str(storage)

    @property
    def configuration(self) -> Configuration:
        """The configuration of the campaign, as resolved."""
        return self._directory.configuration

    @property
    def manifest(self) -> dict[str, Any]:
        """What the records depend on: hashes, versions, seed, provider."""
        return self._directory.manifest

    @property
    def planned(self) -> int:
        """Number of planned injections; an upper bound if sampling may stop early."""
        return int(self.manifest["injections"])

    def __len__(self) -> int:
        """Return the number of recorded injections."""
        return sum(map(len, self._directory.finished()))

    def __repr__(self) -> str:
        """Return one line: the path, and how many injections are recorded."""
        return f"<onnxfi.Results {shorten(self.path)}: {len(self)} of {self.planned} injections>"

    def _repr_html_(self) -> str | None:
        # Without a table, notebooks show the text.
        return self.summary()._repr_html_() if len(self) else None

    def summary(self, by: str | Sequence[str] | None = None) -> Summary:
        """Return the rates of the outcomes with 95 % intervals, for each error model.

        Example::

            >>> results.summary()  # of the whole network, targets weighted by their bits
            >>> results.summary("layer")
            >>> results.summary(["layer", "bit"])

        Args:
            by: what to group by, within each error model: ``target``, ``layer``, ``operator`` (or
                ``op``), ``kind``, ``bit``, ``bit_field``, ``pattern``, ``value_class``, ``input``,
                ``input_class``; or several of these. Injections without such a value are left out:
                flips of several bits at once have no ``bit``.

        Raises:
            InputError: a name is unknown, or no injection has it.
            ConfigurationError: nothing is recorded yet, or a records file is damaged.
        """
        return summarise_by(self.path, self.configuration, by)

    def records(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the records as an Arrow table, one row per injection, in the order of their ids.

        Example::

            >>> results.records(["target", "bit", "outcome"])

        Args:
            columns: the columns to read; by default all.

        Raises:
            ConfigurationError: nothing is recorded yet, or a records file is damaged.
        """
        return read_records(self.path, columns)

    def to_arrow(self) -> pa.Table:
        """Return all records as an Arrow table; see `records`."""
        return self.records()

    def to_pandas(self, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """Return the records as a data frame of pandas, one row per injection.

        Texts are categories. Numbers that may be missing have pandas' nullable dtypes.

        Example::

            >>> frame = results.to_pandas(["layer", "outcome"])
            >>> frame.value_counts()

        Args:
            columns: the columns to read; by default all.

        Raises:
            MissingExtraError: pandas is not installed.
            ConfigurationError: nothing is recorded yet, or a records file is damaged.
        """
        return to_pandas(self.records(columns))

    def to_polars(self, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """Return the records as a data frame of polars, one row per injection.

        Example::

            >>> results.to_polars().group_by("error_model", "outcome").len()

        Args:
            columns: the columns to read; by default all.

        Raises:
            MissingExtraError: polars is not installed.
            ConfigurationError: nothing is recorded yet, or a records file is damaged.
        """
        return to_polars(self.records(columns))

    def worst(self, count: int = 10) -> list[WorstInjection]:
        """Return the worst injections: sdc first, then due; within them by the error of the answer.

        Example::

            >>> for injection in results.worst(3):
            ...     print(injection.target, injection.bits, injection.golden, injection.faulty)
            ...     print(injection.replay)  # onnxfi campaign replay runs/lenet --id 1234

        Args:
            count: number of injections to return at most. Masked injections are left out.

        Raises:
            ConfigurationError: nothing is recorded yet, or a records file is damaged.
        """
        return worst_injections(self.path, count)

    @property
    def plot(self) -> "Plots":
        """The figures of the campaign, as SVG, PDF, PNG and plotly.

        Example::

            >>> results.plot.layers()  # a notebook shows it
            >>> results.plot.bits().save("bits.pdf")
        """
        from onnxfi.report import Plots

        recorded = len(self)
        if self._plots is None or self._plots[0] != recorded:  # they read the records once
            self._plots = recorded, Plots(self.path, replay=self._replay)
        return self._plots[1]

    def compare(self, other: "Results | str | Path") -> Comparison:
        """Compare the rates of this campaign with those of another one.

        Example::

            >>> comparison = onnxfi.open("runs/lenet").compare("runs/hardened")
            >>> comparison.network[0].rates["sdc"].difference

        Args:
            other: the results of the other campaign, such as one of a hardened model; or its run
                directory.

        Raises:
            ConfigurationError: one of them has no records, or a records file is damaged.
        """
        return compare(self.path, other.path if isinstance(other, Results) else other)

    def report(self, path: str | Path | None = None) -> Path:
        """Write the report: one HTML file that is readable offline.

        Example::

            >>> results.report("lenet.html")

        Args:
            path: the file to write; by default ``report.html`` in the run directory, which must
                then be a folder.

        Returns:
            The file written.

        Raises:
            ConfigurationError: nothing is recorded yet, or the file cannot be written.
            MissingExtraError: the extra report is not installed.
        """
        from onnxfi.report import write_campaign_report

        return write_campaign_report(self.path, path, replay=self._replay)
