"""Runs a campaign from its configuration to its records."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self

import numpy as np

from onnxfi.campaign.arguments import (
    Arguments,
    ErrorModelLike,
    InputsLike,
    MetricLike,
    ModelLike,
    TargetsLike,
    configure,
)
from onnxfi.campaign.fitted_inputs import warn_of_fitted_inputs
from onnxfi.campaign.replaying.replay import replay
from onnxfi.campaign.running.other_processor import warn_of_another_processor
from onnxfi.campaign.running.rehearsal import rehearse
from onnxfi.campaign.running.run_missing import RunOptions, run_missing
from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.campaign.running.worker import Worker
from onnxfi.configuration import Configuration, Targets
from onnxfi.display import shorten
from onnxfi.errors import ConfigurationError, InputError, MetricError, OnnxfiError
from onnxfi.graph import LeftOut, load
from onnxfi.results import Results
from onnxfi.run_directory import RunDirectory
from onnxfi.runtime import choose_provider
from onnxfi.storage import is_address

_logger = logging.getLogger("onnxfi")


class Campaign:
    """A planned set of injections, executed, recorded, resumable.

    Made from a YAML file by `from_yaml`, from a run directory by `open`, or from Python objects:

        campaign = onnxfi.Campaign(
            model="lenet.onnx",
            inputs={"image": images},  # an array per graph input
            labels=labels,
            targets=["conv1", "conv2"],
            error_models=["bitflip", onnxfi.error_models.StuckAt(bit=30, value=1)],
            injections=1000,
            out="runs/mine",
        )
        results = campaign.run()

    Arrays and models in memory are saved into the run directory, so that the command line can
    resume, replay and report the campaign.
    """

    def __init__(
        self,
        configuration: Configuration | None = None,
        *,
        model: ModelLike | None = None,
        inputs: InputsLike | None = None,
        tensors: Mapping[str, Any] | None = None,
        labels: str | np.ndarray | Sequence[int] | None = None,
        targets: TargetsLike | None = None,
        error_models: ErrorModelLike | Iterable[ErrorModelLike] | None = None,
        injections: int | str | Mapping[str, Any] | None = None,
        metric: MetricLike | None = None,
        seed: int | None = None,
        execution: Mapping[str, Any] | None = None,
        statistics: Mapping[str, Any] | None = None,
        out: str | Path | None = None,
    ) -> None:
        """Keep the configuration of a campaign that has not begun.

        Mappings have the keys of the YAML (docs/campaigns.md).

        Args:
            configuration: a configuration with absolute paths; it takes the place of all other
                arguments but ``out``.
            model: the model, or its file.
            inputs: the samples: an array, a mapping of arrays by graph input, a file, a pattern or
                several files; or a mapping such as ``{"file": "digits.npz", "limit": 100}``.
            tensors: settings of graph inputs, such as ``{"state": {"constant": True}}``.
            labels: the right class of each sample, or the name of its array in a file.
            targets: the targets or their names, hit one at a time, or a mapping; by default all
                activations. A list of mappings is hit together.
            error_models: one or several, as objects, texts (``"bitflip:bit=30"``) or mappings.
            injections: the number for each target and error model, ``"exhaustive"``, or a mapping.
            metric: a metric, its text, or a mapping. Your own must be in a module, to be imported
                again when the campaign is resumed.
            seed: the seed of all faults.
            execution: options of the execution.
            statistics: options of the statistics.
            out: the run directory: a folder, or an address such as ``s3://bucket/run``. By default
                the ``out`` of the configuration, or ``runs/NAME`` with the name of the model.

        Raises:
            ConfigurationError: an argument is wrong, or one is missing.
        """
        self._arguments: Arguments | None = None
        if configuration is None:
            self._arguments = configure(
                model=model,
                inputs=inputs,
                tensors=tensors,
                labels=labels,
                targets=targets,
                error_models=error_models,
                metric=metric,
                out=out,
                injections=injections,
                seed=seed,
                execution=execution,
                statistics=statistics,
            )
            configuration = self._arguments.configuration
        elif model is not None or inputs is not None or error_models is not None:
            raise ConfigurationError(
                "A campaign is made from a configuration, or from a model, inputs and error "
                "models. Give one of these."
            )
        self.configuration = configuration
        self._out = configuration.out if out is None else out
        self._directory: RunDirectory | None = None
        # Whether the run directory was created here, and nothing has been run yet.
        self._is_new = False
        self._left_out = LeftOut()
        # The worker of the rehearsal, whose first sessions are open; the run takes it over.
        self._rehearsed: Worker | None = None

    def __repr__(self) -> str:
        """Return one line: the model, the run directory and the state."""
        state = (
            "not begun"
            if self._directory is None
            else f"{self.injections} injections in {shorten(self._directory.place)}"
        )
        return f"<onnxfi.Campaign on {shorten(self.configuration.model.name)}: {state}>"

    @classmethod
    def from_yaml(cls, path: str | Path, *, out: str | Path | None = None) -> Self:
        """Read the configuration of a campaign.

        Args:
            path: the YAML file.
            out: the run directory: a folder, or an address such as ``s3://bucket/run``. By default
                the ``out`` of the configuration.

        Raises:
            ConfigurationError: the configuration is wrong.
        """
        return cls(Configuration.from_yaml(path), out=out)

    @classmethod
    def open(cls, directory: str | Path) -> Self:
        """Open the run directory of a campaign, to run its missing injections.

        Raises:
            ConfigurationError: the folder holds no campaign, or what the campaign depends on
                changed.
        """
        opened = RunDirectory.open(directory).with_mended_metric()
        opened.check_unchanged(load(opened.configuration.model))
        warn_of_another_processor(opened.manifest.get("processor"))
        campaign = cls(opened.configuration, out=directory)
        campaign._directory = opened
        return campaign

    def begin(self) -> Self:
        """Open the model, rehearse one injection, and create the run directory.

        Every error in the configuration, the model, the inputs or the targets is raised before the
        run directory is created. A campaign that has begun stays as it is.

        Returns:
            The campaign.

        Raises:
            OnnxfiError: the campaign cannot be run.
        """
        if self._directory is None:
            place = self._place()
            RunDirectory.check_free(place)
            provider = choose_provider(self.configuration.execution.provider)
            saved = nullcontext() if self._arguments is None else self._arguments.saved(place)
            with saved:
                worker = Worker(self.configuration)
                exactness = rehearse(worker)
                warn_of_fitted_inputs(worker.model, worker.inputs)
                self._directory = RunDirectory.create(
                    place,
                    worker.configuration,
                    model=worker.model,
                    injections=len(worker.plan),
                    provider=provider,
                    exactness=exactness,
                )
            if changed := worker.files.changed():  # before or after the manifest got its hash
                self._directory.discard()
                self._directory = None
                raise ConfigurationError(
                    f"{changed[0]} changed while the campaign began. Start it again."
                )
            self._is_new = True
            self.configuration = worker.configuration
            self._left_out, self._rehearsed = worker.left_out, worker
        return self

    @property
    def directory(self) -> RunDirectory:
        """The run directory.

        Raises:
            ConfigurationError: the campaign has not begun.
        """
        if self._directory is None:
            raise ConfigurationError(
                "The campaign has no run directory yet. Call `begin` or `run` first."
            )
        return self._directory

    @property
    def injections(self) -> int:
        """Number of planned injections; an upper bound where rounds may end early."""
        return int(self.directory.manifest["injections"])

    @property
    def left_out(self) -> LeftOut:
        """Activations that the beginning of the campaign left out; none after `open`."""
        return self._left_out

    def run(
        self,
        executor: Executor | None = None,
        *,
        workers: Callable[[], int] | None = None,
        progress: bool | None = None,
        on_injections: Callable[[int], None] = lambda count: None,
        on_shard: Callable[[ShardOutcomes], None] = lambda outcomes: None,
    ) -> Results:
        """Run every shard that has no records yet.

        Example::

            >>> campaign = onnxfi.Campaign.from_yaml("campaign.yaml")
            >>> results = campaign.run(progress=True)

        Args:
            executor: any executor whose workers reach the run directory, the model and the inputs.
                By default, threads or processes of this machine, as ``execution.workers`` says.
            workers: returns the present number of the executor's workers; each gets two shards at
                a time. By default the number of ``execution.workers``.
            progress: whether to show a progress bar, in a terminal on stderr. By default one is
                shown in notebooks only.
            on_injections: called from time to time with the number of injections done since the
                last call, at first with the number recorded by earlier runs. Several threads may
                call it at once. An exception that it raises ends the run.
            on_shard: called in this thread after each recorded shard. An exception that it raises
                ends the run.

        Returns:
            The results.

        Raises:
            OnnxfiError: the run cannot continue; finished shards are kept. If the
                model, an input or an error model makes a new campaign fail before its first
                records, its run directory is removed.
        """
        if executor is not None and not hasattr(executor, "submit"):
            raise InputError(
                f"The executor must be a concurrent.futures.Executor, got {executor!r}."
            )
        directory = self.begin().directory
        is_new, self._is_new = self._is_new, False
        try:
            rehearsed, self._rehearsed = self._rehearsed, None
            options = RunOptions(executor, workers, progress, on_injections, on_shard)
            run_missing(directory, rehearsed, options)
        except OnnxfiError as error:
            # The campaign can go on once a metric is corrected; ConfigurationErrors are about the
            # run directory or a dead worker here.
            if is_new and not isinstance(error, MetricError | ConfigurationError):
                directory.discard()
                if self._arguments is not None:
                    self._arguments.remove(directory.place)
                self._directory = None
            raise
        return Results(directory, replay=replay)

    def twin(self, model: str | Path, *, out: str | Path | None = None) -> "Campaign":
        """Return a campaign of the same faults on another model, such as a hardened one.

        It hits the tensors that this campaign hits, by their names, whatever else the other model
        computes. Faults are paired, so that `onnxfi.statistics.compare` compares each with itself.
        This campaign begins, if it has not begun.

        Args:
            model: the file of the other model.
            out: its run directory; by default this one's, with ``-hardened`` behind its name.

        Raises:
            OnnxfiError: this campaign cannot be run.
        """
        directory = self.begin().directory
        worker = self._rehearsed or Worker(self.configuration)
        update: dict[str, Any] = {"model": Path(model).resolve()}
        if isinstance(self.configuration.targets, Targets):
            names = tuple(x.tensor for targets in worker.targets_in_order for x in targets)
            update["targets"] = Targets(tensors=names)
        place = f"{directory.place}-hardened" if out is None else str(out)
        update["out"] = place if is_address(place) else Path(place)
        return Campaign(self.configuration.model_copy(update=update))

    def _place(self) -> str | Path:
        if self._out is None:
            raise ConfigurationError(
                "The campaign has no run directory. Give `out` in the configuration, or --out."
            )
        return self._out if is_address(self._out) else Path(self._out).resolve()
