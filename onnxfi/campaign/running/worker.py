"""Runs shards with a model, its inputs and injectors."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache

from onnxfi.campaign.configuration import Configuration
from onnxfi.campaign.inputs import read_inputs
from onnxfi.campaign.inputs.specialising import specialise
from onnxfi.campaign.planning.make_plan import make_plan
from onnxfi.campaign.planning.plan import Shard
from onnxfi.campaign.planning.strata import chosen_targets, count_left_out
from onnxfi.campaign.records.record_files import make_schema
from onnxfi.campaign.records.shard_records import ShardRecords
from onnxfi.campaign.run_directory.run_directory import RunDirectory
from onnxfi.campaign.running.exactness import check_answer
from onnxfi.campaign.running.golden_runs import GoldenRuns
from onnxfi.campaign.running.pace import Pace
from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.error_models.values import finite_range
from onnxfi.graph import Target, load
from onnxfi.injector import Golden, Injector
from onnxfi.injector.injection_batch import InjectionBatch
from onnxfi.injector.injections import Injections
from onnxfi.injector.metrics import MetricValue
from onnxfi.injector.metrics.fitting import check_default
from onnxfi.injector.metrics.many import columns_of_all
from onnxfi.injector.metrics.own_metric import naming_injections
from onnxfi.runtime import choose_provider

# Sessions hold weights and working memory; shards come sorted by target, so one is enough. A thread
# that is still at the one before keeps that alive.
_OPEN_INJECTORS = 1
#: Of ONNX Runtime in each session: the workers take the processors.
THREADS = 1
# Seconds that a campaign's start may take for checking golden answers.
_CHECKING = 2.0
# A run of the suffix is timed a few times, unless that takes so many seconds.
_TIMED, _LONG = 3, 0.02


_logger = logging.getLogger("onnxfi")


class StoppedError(Exception):
    """The worker was told to stop in the middle of a shard; nothing of the shard is kept."""


class Worker:
    """Runs shards of one campaign; several threads may share it."""

    def __init__(self, configuration: Configuration) -> None:
        """Load the model and the inputs, and make the plan.

        Args:
            configuration: the campaign's configuration, its paths absolute.

        Raises:
            OnnxfiError: something in the configuration cannot be had.
        """
        self.configuration = configuration
        whole = load(configuration.model)
        self.inputs = read_inputs(whole, configuration.inputs)
        self.model = specialise(
            whole, self.inputs.constants, lambda model: chosen_targets(model, configuration)
        )
        self.metric = configuration.metric.metric
        self._schema = make_schema(self.metric.column_types)
        self.plan = make_plan(self.model, self.inputs, configuration)
        self.left_out = count_left_out(self.model, configuration)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._injectors: OrderedDict[tuple[Target, ...], Injector] = OrderedDict()
        execution = configuration.execution
        met = max(self.plan.faults, default=0) * self.plan.inputs_per_fault
        self._order = list(dict.fromkeys(x.targets for x in self.plan.strata))
        self._golden = GoldenRuns(
            self.model,
            self._order,
            inputs=min(len(self.inputs), met),
            memory=execution.memory << 20,
            seed=configuration.seed,
            provider=choose_provider(execution.provider),
            threads=THREADS,
            check=self._check_answer,
        )

    def stop(self) -> None:
        """Make running shards raise `StoppedError` soon."""
        self._stop.set()

    def rehearse(self) -> None:
        """Try one injection of each error model at the first targets, and keep nothing of it.

        Raises:
            OnnxfiError: the model, an input, an error model or the metric does not fit the others.
        """
        targets = self.plan.strata[0].targets
        injector = self.injector(targets)
        golden = self._golden.rehearse(injector, 0, self.inputs.at)
        if not self.configuration.metric.is_chosen:
            check_default(golden.outputs, self.configuration.metric.output)
        self.metric.is_wrong(golden.outputs, golden.outputs)
        self.metric.columns(golden.outputs, golden.outputs)
        for stratum in self.plan.strata:
            if stratum.targets != targets:
                break
            for _ in injector.inject(golden, stratum.error_models, metric=self.metric):
                pass

    def check_answers(self) -> dict[str, float]:
        """Check the golden answer of the first input behind each target.

        Targets that are not reached within the time that a campaign's start may take are checked
        when their injections begin.

        Returns:
            The largest difference from the whole model's answer (see `check_answer`), by target.

        Raises:
            ExactnessError: a difference is beyond its tolerance.
            OnnxfiError: the model or an input does not fit.
        """
        began, differences = time.perf_counter(), {}
        for targets in self._order:
            if time.perf_counter() - began > _CHECKING:
                break
            if targets == self._order[0]:  # the rehearsal has opened it
                golden = self.golden(self.injector(targets), 0)
            else:
                with self._open(targets, expected=1) as injector:
                    golden = self.golden(injector, 0)
            name = _named(targets)
            differences[name] = check_answer(golden, name)
        return differences

    def _check_answer(self, golden: Golden, targets: tuple[Target, ...], index: int) -> None:
        name = _named(targets)
        if check_answer(golden, name) and self.metric.is_wrong(golden.answer, golden.outputs):
            _logger.warning(
                "The golden answer to input %d is a tie: behind the target %r, rounding alone "
                "changes it. Outcomes compare with the golden outputs there.",
                index,
                name,
            )

    def golden(self, injector: Injector, index: int) -> Golden:
        """Return the golden run of an input.

        Raises:
            OnnxfiError: the input does not fit the model, or its answer fails the check.
        """
        return self._golden.get(injector, index, self.inputs.at)

    def pace(self) -> Pace:
        """Measure how long the suffix of the first targets takes.

        Raises:
            OnnxfiError: the model or an input does not fit.
        """
        injector = self.injector(self.plan.strata[0].targets)
        golden = self.golden(injector, 0)
        seconds: list[float] = []
        while len(seconds) < _TIMED and sum(seconds) < _LONG:
            start = time.perf_counter()
            injector.golden_from(golden.values)
            seconds.append(time.perf_counter() - start)
        return Pace(min(seconds), sum(x.size for x in golden.targets.values()))

    def injector(self, targets: tuple[Target, ...]) -> Injector:
        """Return the injector of targets that are hit together."""
        with self._lock:
            if targets not in self._injectors:
                while len(self._injectors) >= _OPEN_INJECTORS:
                    self._injectors.popitem(last=False)
                expected = self.plan.expected(targets)
                self._injectors[targets] = self._open(targets, expected=expected)
            self._injectors.move_to_end(targets)
            return self._injectors[targets]

    def _open(self, targets: tuple[Target, ...], *, expected: int) -> Injector:
        execution = self.configuration.execution
        return Injector(
            self.model,
            targets,
            provider=execution.provider,
            lanes=execution.lanes,
            propagation=execution.propagation,
            threads=THREADS,
            expected=expected,
            limits=execution.limits.limits,
        )

    def run(
        self, shard: Shard, *, on_injections: Callable[[int], None] = lambda count: None
    ) -> ShardRecords:
        """Run the injections of a shard and return their records.

        Args:
            shard: the shard.
            on_injections: called now and then with the number of injections done since.

        Raises:
            OnnxfiError: an input does not fit the model, or an error model not its target.
            StoppedError: the worker was told to stop.
        """
        stratum = self.plan.strata[shard.stratum]
        injector = self.injector(stratum.targets)
        targets = injector.split.targets
        labels = self.inputs.labels
        records = ShardRecords(
            targets=targets,
            error_model=stratum.label,
            target_bits=self.plan.sizes[shard.stratum],
            schema=self._schema,
        )
        known: tuple[Golden, list[tuple[float, float]]] | None = None
        for injections in injector.inject_all(
            self._meetings(shard, injector),
            stratum.error_models,
            seed=self.configuration.seed,
            metric=self.metric,
        ):
            if self._stop.is_set():
                raise StoppedError
            batch = injections.batch
            if known is None or known[0] is not batch.golden:
                known = (
                    batch.golden,
                    [finite_range(batch.golden.targets[x.tensor]) for x in targets],
                )
            records.add(
                injections,
                ranges=known[1],
                label=None if labels is None else int(labels[batch.input_index]),
                metric_columns=self._columns(injections),
            )
            on_injections(len(injections))
        return records

    def _meetings(self, shard: Shard, injector: Injector) -> Iterator[InjectionBatch]:
        # Inputs that meet the same faulty weight share a batch.
        of_weights = all(x.kind == "weight" for x in injector.targets)
        walk = self.plan.by_fault if of_weights else self.plan.by_input
        for input_index, ids in walk(shard):
            golden = self.golden(injector, input_index)
            fault = self.plan.fault_id(ids.start)
            yield InjectionBatch(golden, ids.start, range(fault, fault + len(ids)), input_index)

    def _columns(self, injections: Injections) -> dict[str, list[MetricValue]]:
        """Return the metric's columns; where the faulty execution failed, the golden ones."""
        golden, count = injections.batch.golden.outputs, len(injections)
        masked = self.metric.columns(golden, golden)
        columns = {name: [masked.get(name)] * count for name in self.metric.column_types}
        differing = [x for x, outcome in enumerate(injections.outcomes) if outcome != "masked"]
        compared = [x for x in differing if injections.outputs[x]]
        failed = [x for x in differing if not injections.outputs[x]]
        outputs = [injections.outputs[place] for place in compared]
        with naming_injections([injections.batch.ids[x] for x in compared], outputs):
            found = columns_of_all(self.metric, golden, outputs)
        for name, values in found.items():
            column = columns[name]
            for place, value in zip(compared, values, strict=True):
                column[place] = value
            for place in failed if not name.startswith("golden_") else ():
                column[place] = None
        return columns


def _named(targets: tuple[Target, ...]) -> str:
    return " & ".join(x.tensor for x in targets)


def record_shard(
    directory: RunDirectory,
    worker: Worker,
    shard: Shard,
    *,
    on_injections: Callable[[int], None] = lambda count: None,
) -> ShardOutcomes:
    """Run a shard and write its records.

    Args:
        directory: where the records go.
        worker: runs the shard.
        shard: the shard.
        on_injections: called now and then with the number of injections done since.

    Raises:
        OnnxfiError: the shard cannot be run, or its records cannot be written.
        StoppedError: the worker was told to stop.
    """
    began = time.perf_counter()
    records = worker.run(shard, on_injections=on_injections)
    directory.write(shard, records.table())
    seconds = time.perf_counter() - began
    return ShardOutcomes(
        shard, records.target, records.error_model, dict(records.outcomes), seconds
    )


def run_shard(place: str, run_id: str, shard: Shard) -> ShardOutcomes:
    """Run a shard of a run directory in whatever process this is called, and record it there.

    Args:
        place: the run directory, a path or an address; every process must reach it.
        run_id: id of the run in its manifest.
        shard: the shard.

    Raises:
        OnnxfiError: the shard cannot be run, or its records cannot be written.
    """
    with _opening:  # of the threads that come first only one makes a worker
        directory, worker = _opened(place, run_id)
    return record_shard(directory, worker, shard)


_opening = threading.Lock()


@lru_cache(maxsize=1)
def _opened(place: str, run_id: str) -> tuple[RunDirectory, Worker]:
    """Return this process's worker; `run_id` keeps a directory that was made anew apart."""
    directory = RunDirectory.open(place)
    return directory, Worker(directory.configuration)
