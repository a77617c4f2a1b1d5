"""Running a campaign from its configuration to its records."""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.plan import Shard
from onnxfi.campaign.records import write_records
from onnxfi.campaign.run_directory import RunDirectory
from onnxfi.campaign.worker import Worker, run_shard
from onnxfi.errors import ConfigurationError
from onnxfi.graph import load
from onnxfi.runtime import choose_provider

# Shards handed to the executor at once, per worker: enough to keep it busy, and no list of all.
_QUEUED_PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class Campaign:
    """A planned set of injections, executed, recorded, resumable.

    Attributes:
        directory: the run directory.
    """

    directory: RunDirectory

    @classmethod
    def from_yaml(cls, path: str | Path, *, out: str | Path | None = None) -> Self:
        """Begin a campaign from its configuration file.

        Args:
            path: the YAML file.
            out: the run directory; by default what the configuration says.

        Raises:
            OnnxfiError: something in the configuration is wrong.
        """
        configuration = Configuration.from_yaml(path)
        return cls.create(configuration, out=out)

    @classmethod
    def create(cls, configuration: Configuration, *, out: str | Path | None = None) -> Self:
        """Begin a campaign.

        Args:
            configuration: its configuration, the paths absolute.
            out: the run directory; by default what the configuration says.

        Raises:
            OnnxfiError: something in the configuration is wrong.
        """
        folder = configuration.out if out is None else Path(out).resolve()
        if folder is None:
            raise ConfigurationError(
                "A campaign needs a folder for its records. Give `out` in the configuration, "
                "or --out."
            )
        provider = choose_provider(configuration.execution.provider)
        # Before anything is written, find what is wrong with the model, the inputs or the targets.
        worker = Worker(configuration)
        worker.rehearse()
        return cls(
            RunDirectory.create(
                folder,
                configuration,
                model=worker.model,
                injections=len(worker.plan),
                provider=provider,
            )
        )

    @classmethod
    def open(cls, directory: str | Path) -> Self:
        """Open a campaign that was begun, to run what is left of it.

        Raises:
            ConfigurationError: the folder holds no campaign, or what the campaign depends on
                changed.
        """
        opened = RunDirectory.open(Path(directory))
        opened.check_unchanged(load(opened.configuration.model))
        return cls(opened)

    @property
    def injections(self) -> int:
        """Number of injections that the campaign plans."""
        return int(self.directory.manifest["injections"])

    def run(
        self,
        executor: Executor | None = None,
        *,
        on_injections: Callable[[int], None] = lambda count: None,
    ) -> RunDirectory:
        """Run every shard whose records are not there yet.

        Args:
            executor: any executor whose workers see the run directory; by default, threads of
                this process.
            on_injections: called from time to time with the number of injections done since,
                those of an earlier run first; maybe from several threads at once. What it raises
                ends the run.

        Raises:
            OnnxfiError: the run cannot go on; what is recorded stays.
        """
        execution = self.directory.configuration.execution
        workers = (os.cpu_count() or 1) if execution.workers == "auto" else execution.workers
        worker = Worker(
            self.directory.configuration,
            threads=1 if workers > 1 else None,
            on_injections=on_injections if executor is None else lambda count: None,
        )
        shards = list(worker.plan.shards(execution.shard))
        missing = [shard for shard in shards if not self.directory.is_done(shard)]
        on_injections(sum(shard.count for shard in shards) - sum(x.count for x in missing))
        if executor is not None:
            arguments = (str(self.directory.path), str(self.directory.manifest["run_id"]))

            _run_all(
                missing,
                lambda shard: executor.submit(run_shard, *arguments, shard),
                workers,
                on_shard=lambda shard: on_injections(shard.count),
            )
            return self.directory
        pool = ThreadPoolExecutor(workers)
        try:
            _run_all(missing, lambda shard: pool.submit(self._run_shard, worker, shard), workers)
        finally:
            # Whatever ended it: the shards in flight stop, and nothing half-done is written.
            worker.stop()
            pool.shutdown(cancel_futures=True)
        return self.directory

    def _run_shard(self, worker: Worker, shard: Shard) -> None:
        write_records(worker.run(shard), self.directory.records / shard.file_name)


def _run_all(
    shards: list[Shard],
    submit: Callable[[Shard], Future[Any]],
    workers: int,
    *,
    on_shard: Callable[[Shard], None] = lambda shard: None,
) -> None:
    """Run the shards, a few at a time; the first failure ends it and cancels what is queued."""
    waiting = iter(shards)
    pending: dict[Future[Any], Shard] = {}
    try:
        while True:
            for shard in itertools.islice(waiting, workers * _QUEUED_PER_WORKER - len(pending)):
                pending[submit(shard)] = shard
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                future.result()
                on_shard(pending.pop(future))
    finally:
        for future in pending:
            future.cancel()
