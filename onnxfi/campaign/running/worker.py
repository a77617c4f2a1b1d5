"""Runs shards with a model, its inputs and injectors."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

from onnxfi.campaign.inputs.source import read_inputs
from onnxfi.campaign.inputs.specialising import specialise
from onnxfi.campaign.planning.fault_list.listed import Listed
from onnxfi.campaign.planning.make_plan import make_plan
from onnxfi.campaign.planning.strata import chosen_targets, count_left_out
from onnxfi.campaign.running.exactness import check_answer
from onnxfi.campaign.running.golden_runs import GoldenRuns
from onnxfi.campaign.running.metric_columns import metric_columns
from onnxfi.campaign.running.scored_faults import ScoredFaults
from onnxfi.configuration import Configuration
from onnxfi.error_models.values import finite_range
from onnxfi.graph import LeftOut, Target, load
from onnxfi.injector import Golden, InjectionBatch, Injector
from onnxfi.injector.metrics import naming_injection
from onnxfi.run_directory import FileGuard, Shard, ShardRecords, make_schema
from onnxfi.runtime import choose_provider
from onnxfi.statistics.stratified import SHARES

# Open injectors. Each holds sessions with weights and working memory, and shards come sorted by
# target. A thread that is still at the previous target keeps its injector alive.
_OPEN_INJECTORS = 1
#: Intra-op threads of ONNX Runtime in each session: the workers occupy the processors.
THREADS = 1

_logger = logging.getLogger("onnxfi")


class StoppedError(Exception):
    """The worker was stopped in the middle of a shard, which leaves no records."""


class Worker:
    """Runs shards of one campaign; several threads may share it.

    Attributes:
        configuration: the campaign's configuration.
        inputs: the inputs.
        model: the model, with the branches opened that constant inputs choose.
        metric: the metric.
        plan: the plan.
        left_out: activations that the configuration leaves out.
        targets_in_order: the targets that are hit together, in the order of the campaign.
        golden_runs: the golden runs.
        files: notices changes of the files that it has read.
        scored: the scored faults of a plan with score strata.
    """

    def __init__(self, configuration: Configuration) -> None:
        """Load the model and the inputs, and make the plan.

        Args:
            configuration: the campaign's configuration, with absolute paths.

        Raises:
            OnnxfiError: the configuration does not fit the model or the inputs.
        """
        self.configuration = configuration
        self.files = FileGuard(configuration)
        whole = load(configuration.model)
        self.files.add(whole.files)
        self.inputs = read_inputs(whole, configuration.inputs)
        self.model = specialise(
            whole, self.inputs.constants, lambda model: chosen_targets(model, configuration)
        )
        self.metric = configuration.metric.metric
        injections = configuration.injections
        self.plan = make_plan(self.model, self.inputs, configuration)
        self.left_out = (
            LeftOut() if injections.list is not None else count_left_out(self.model, configuration)
        )
        self.targets_in_order = list(dict.fromkeys(x.targets for x in self.plan.strata))
        execution = configuration.execution
        met = max(self.plan.faults, default=0) * self.plan.inputs_per_fault
        self.golden_runs = GoldenRuns(
            self.model,
            self.targets_in_order,
            inputs=min(len(self.inputs), met),
            memory=execution.memory << 20,
            seed=configuration.seed,
            provider=choose_provider(execution.provider),
            threads=THREADS,
            check=self._check_answer,
            operands=self.plan.reads_operations,
        )
        #: Places of injections that are known without scoring faults: those of records.
        self.recorded: dict[int, tuple[int, int]] = {}
        self.scored = ScoredFaults(
            self.plan,
            seed=configuration.seed,
            golden=lambda targets, index: self.golden(self.injector(targets), index),
        )
        self._schema = make_schema(
            self.metric.column_types,
            scored=injections.sampling == "severity",
            listed=injections.list is not None,
            flagged=bool(self.model.alarms),
        )
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._injectors: OrderedDict[tuple[Target, ...], Injector] = OrderedDict()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Make running shards raise `StoppedError` soon."""
        self._stop.set()

    def golden(self, injector: Injector, index: int) -> Golden:
        """Return the golden run of an input.

        Raises:
            OnnxfiError: the input does not fit the model, or its answer fails the check.
        """
        return self.golden_runs.get(injector, index, self.inputs.at)

    def _check_answer(self, golden: Golden, targets: tuple[Target, ...], index: int) -> None:
        name = named(targets)
        if check_answer(golden, name) and self.metric.is_wrong(golden.answer, golden.outputs):
            _logger.warning(
                "The golden answer to input %d is a tie: behind the target %r, rounding alone "
                "changes it. Outcomes there are relative to the golden outputs.",
                index,
                name,
            )

    def injector(self, targets: tuple[Target, ...]) -> Injector:
        """Return the injector of targets that are hit together; the worker keeps it."""
        with self._lock:
            if targets not in self._injectors:
                while len(self._injectors) >= _OPEN_INJECTORS:
                    self._injectors.popitem(last=False)
                expected = self.plan.expected(targets)
                self._injectors[targets] = self.open_injector(targets, expected=expected)
            self._injectors.move_to_end(targets)
            return self._injectors[targets]

    def open_injector(self, targets: tuple[Target, ...], *, expected: int) -> Injector:
        """Open an injector that the caller closes.

        Args:
            targets: the targets that are hit together.
            expected: number of injections to expect.
        """
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
            operands=self.plan.reads_operations,
        )

    def run(
        self, shard: Shard, *, on_injections: Callable[[int], None] = lambda count: None
    ) -> ShardRecords:
        """Run the injections of a shard and return their records.

        Args:
            shard: the shard.
            on_injections: called from time to time with the number of injections done since.

        Raises:
            OnnxfiError: an input does not fit the model, or an error model does not fit its target.
            StoppedError: the worker was stopped.
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
            drawn_from=None
            if stratum.score_stratum is None
            else (stratum.score_stratum, SHARES[stratum.score_stratum]),
        )
        listed = stratum.error_models[0]
        golden: Golden | None = None
        ranges: list[tuple[float, float]] = []
        for injections in injector.inject_all(
            self._batches(shard, injector),
            stratum.error_models,
            seed=self.configuration.seed,
            metric=self.metric,
        ):
            if self.stopped:
                raise StoppedError
            batch = injections.batch
            if golden is not batch.golden:
                golden = batch.golden
                ranges = [finite_range(golden.targets[x.tensor]) for x in targets]
            records.add(
                injections,
                ranges=ranges,
                label=None if labels is None else int(labels[batch.input_index]),
                metric_columns=metric_columns(self.metric, injections),
                list_columns=listed.columns(batch.faults) if isinstance(listed, Listed) else None,
            )
            on_injections(len(injections))
        return records

    def place(self, injection_id: int) -> tuple[int, int]:
        """Return the input that an injection meets, and the number of its fault.

        Raises:
            OnnxfiError: the faults of a campaign with ``sampling: severity`` cannot be scored.
        """
        if injection_id in self.recorded:
            return self.recorded[injection_id]
        if self.plan.strata[self.plan.stratum(injection_id)].score_stratum is not None:
            return self.scored.locate(injection_id)
        return self.plan.input_index(injection_id), self.plan.fault_id(injection_id)

    def _batches(self, shard: Shard, injector: Injector) -> Iterator[InjectionBatch]:
        if self.plan.strata[shard.stratum].score_stratum is not None:
            placed = [(*self.place(x), x) for x in range(shard.first, shard.first + shard.count)]
            for input_index, fault, injection_id in sorted(placed):
                golden = self.golden(injector, input_index)
                faults = range(fault, fault + 1)
                yield InjectionBatch(golden, injection_id, faults, input_index)
            return
        # Inputs that meet the same faulty weight share a batch.
        of_weights = all(x.kind == "weight" for x in injector.targets)
        walk = self.plan.by_fault if of_weights else self.plan.by_input
        for input_index, ids in walk(shard):
            with naming_injection(ids.start):
                golden = self.golden(injector, input_index)
            fault = self.plan.fault_id(ids.start)
            yield InjectionBatch(golden, ids.start, range(fault, fault + len(ids)), input_index)


def named(targets: tuple[Target, ...]) -> str:
    """Return the names of targets that are hit together, as messages show them."""
    return " & ".join(x.tensor for x in targets)
