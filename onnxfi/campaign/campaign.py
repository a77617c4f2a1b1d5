"""Running a campaign from its configuration to its records."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.planning.plan import Shard
from onnxfi.campaign.records.record_files import read_shards
from onnxfi.campaign.run_directory.heartbeat import Heartbeat
from onnxfi.campaign.run_directory.kept_metric import forget_failure, note_failure
from onnxfi.campaign.run_directory.run_directory import RunDirectory
from onnxfi.campaign.running.limits import with_limits
from onnxfi.campaign.running.rounds import ENOUGH, Rounds
from onnxfi.campaign.running.run_shards import FinishedIds, ShardOutcomes, run_shards
from onnxfi.campaign.running.worker import Worker, record_shard, run_shard
from onnxfi.campaign.storage import is_address
from onnxfi.errors import ConfigurationError, MetricError
from onnxfi.graph import load
from onnxfi.graph.choosing.selection import LeftOut
from onnxfi.runtime import choose_provider
from onnxfi.runtime.processor import processor
from onnxfi.surgery.noise import noise_note

_logger = logging.getLogger("onnxfi")
_Submit = Callable[[Shard], "Future[ShardOutcomes]"]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A planned set of injections, executed, recorded, resumable.

    Attributes:
        directory: the run directory.
    """

    directory: RunDirectory
    _rehearsed: list[Worker] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def from_yaml(cls, path: str | Path, *, out: str | Path | None = None) -> Self:
        """Begin a campaign from its configuration file.

        Args:
            path: the YAML file.
            out: the run directory, a folder or an address such as ``s3://bucket/run``; by default
                what the configuration says.

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
            out: the run directory, a folder or an address such as ``s3://bucket/run``; by default
                what the configuration says.

        Raises:
            OnnxfiError: something in the configuration is wrong.
        """
        place = configuration.out if out is None else out
        if place is None:
            raise ConfigurationError(
                "A campaign needs a folder for its records. Give `out` in the configuration, "
                "or --out."
            )
        provider = choose_provider(configuration.execution.provider)
        # Before anything is written, find what is wrong with the model, the inputs or the targets.
        worker = Worker(configuration)
        note = noise_note(worker.model)
        if note is not None:
            _logger.warning(note)
        configuration = worker.configuration = with_limits(configuration, worker)
        worker.rehearse()
        if worker.inputs.note is not None:
            _logger.warning(worker.inputs.note)
        differences = worker.check_answers()
        directory = RunDirectory.create(
            place if is_address(place) else Path(place).resolve(),
            configuration,
            model=worker.model,
            injections=len(worker.plan),
            provider=provider,
            differences=differences,
        )
        return cls(directory, [worker])

    @classmethod
    def open(cls, directory: str | Path) -> Self:
        """Open a campaign that was begun, to run what is left of it.

        Raises:
            ConfigurationError: the folder holds no campaign, or what the campaign depends on
                changed.
        """
        opened = RunDirectory.open(directory).with_mended_metric()
        opened.check_unchanged(load(opened.configuration.model))
        _warn_of_another_processor(opened.manifest.get("processor"))
        return cls(opened)

    @property
    def injections(self) -> int:
        """Number of injections that the campaign plans, the most where rounds may end early."""
        return int(self.directory.manifest["injections"])

    @property
    def left_out(self) -> LeftOut:
        """The activations that a new campaign leaves out; zero for one that was opened again."""
        return self._rehearsed[0].left_out if self._rehearsed else LeftOut()

    def run(
        self,
        executor: Executor | None = None,
        *,
        workers: Callable[[], int] | None = None,
        on_injections: Callable[[int], None] = lambda count: None,
        on_shard: Callable[[ShardOutcomes], None] = lambda outcomes: None,
    ) -> RunDirectory:
        """Run every shard whose records are not there yet.

        Args:
            executor: any executor whose workers reach the run directory, the model and the inputs;
                by default, threads of this process.
            workers: tells how many workers the executor has at the moment, of which each gets two
                shards ahead; by default what the configuration says.
            on_injections: called from time to time with the number of injections done since,
                those of an earlier run first; maybe from several threads at once. What it raises
                ends the run.
            on_shard: called in this thread for each shard that is done and recorded. What it
                raises ends the run.

        Raises:
            OnnxfiError: the run cannot go on; what is recorded stays.
        """
        execution = self.directory.configuration.execution
        with Heartbeat(self.directory.storage) as heartbeat:
            self.directory.clean()

            def count(done: int) -> None:
                heartbeat.add(done)
                on_injections(done)

            # The one that rehearsed has the first sessions open.
            worker = (
                self._rehearsed.pop() if self._rehearsed else Worker(self.directory.configuration)
            )
            pace = worker.pace()
            threads = pace.workers(execution)
            shard = pace.shard(
                execution,
                largest=max(worker.plan.faults, default=0) * worker.plan.inputs_per_fault,
                workers=max(1, threads if workers is None else workers()),
            )
            finished = FinishedIds(self.directory.finished())
            on_injections(len(finished))

            until = self.directory.configuration.injections.until
            rounds = Rounds(worker.plan, until)
            if until is not None and len(finished):
                rounds.add_records(read_shards(self.directory.place, ("injection_id", "outcome")))

            def keep(outcomes: ShardOutcomes) -> None:
                rounds.add(outcomes.shard, outcomes.outcomes)
                if executor is not None:
                    count(outcomes.shard.count)
                on_shard(outcomes)

            with (
                self._noting_a_failed_metric(),
                self._submitting(worker, executor, threads, count) as submit,
            ):
                for shards in rounds.shards(shard):
                    run_shards(
                        finished.missing(shards),
                        submit,
                        workers=workers or (lambda: threads),
                        on_shard=keep,
                    )
            if until is not None:
                self.directory.storage.write(ENOUGH, b"")
        return self.directory

    @contextmanager
    def _noting_a_failed_metric(self) -> Iterator[None]:
        try:
            yield
        except MetricError as error:
            note_failure(self.directory.storage, str(error))
            raise MetricError(
                f"{error} Finished shards are kept. Correct the metric, then continue with "
                f"`onnxfi campaign resume {self.directory.place}`."
            ) from error
        forget_failure(self.directory.storage)

    @contextmanager
    def _submitting(
        self,
        worker: Worker,
        executor: Executor | None,
        threads: int,
        on_injections: Callable[[int], None],
    ) -> Iterator[_Submit]:
        """Give what hands a shard to the executor, or to threads of this process."""
        if executor is not None:
            place, run_id = self.directory.place, str(self.directory.manifest["run_id"])
            yield lambda shard: executor.submit(run_shard, place, run_id, shard)
            return
        pool = ThreadPoolExecutor(threads)
        try:
            run = partial(record_shard, self.directory, worker, on_injections=on_injections)
            yield lambda shard: pool.submit(run, shard)
        finally:
            # Whatever ended it: the shards in flight stop, and nothing half-done is written.
            worker.stop()
            pool.shutdown(cancel_futures=True)


def _warn_of_another_processor(begun_on: object) -> None:
    """Warn where a campaign goes on with other instruction sets; older manifests have none."""
    if begun_on is not None and begun_on != processor():
        _logger.warning(
            "This campaign began on a processor with other instruction sets. The last bits of "
            "float32 results may differ from those of the records that are there."
        )
