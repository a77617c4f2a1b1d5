"""Holds every threshold that decides how a suffix runs."""

from dataclasses import dataclass
from typing import Literal, Self

#: Phases that can be forced; with ``push`` no other faster phase is on the route.
PhaseName = Literal["whole", "push", "lookahead", "windows", "checkpoint"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The thresholds of the phases. No threshold changes an outcome; each trades time for time.

    Counts of lanes and runs have no unit; shares lie between 0 and 1. The figures were measured
    with ``tools/benchmark`` on two cores with AVX2 (docs/performance.md), over the seven benchmark
    models, unless an attribute names another source.

    Attributes:
        forced: the phase to use wherever it is exact, whatever it costs; the other phases that must
            prove that they pay are left out. For tests.
        fewest_injections: injections expected at a target below which nothing is tried: trying
            lanes, windows and checkpoints takes as long as about 60 injections.
        first_block: injections of the first block: enough to see how long one takes.
        most_in_block: the most injections of a block.
        short_block: seconds below which the next block is twice as large.
        long_block: seconds above which the next block is half as large.
        block_bytes: bytes that the outputs, or the golden runs, of a block may take.
        pushed_sites: sites that are pushed whatever their share of the target.
        pushed_share: the share of a target's elements above which whole tensors cost less than
            pushing.
        patched_share: the share of elements behind the push region that may differ for the result
            to go on as patches; patches of more are slower than whole tensors.
        wide_sites: mean sites of a corruption from which on the whole stage is tried in lanes; most
            narrower corruptions are masked by pushing.
        whole_stage_bytes: bytes of weights up to which the whole stage is tried: a second session
            holds them all, and larger models spend most time in the operators.
        whole_stage_blocks: blocks that run in each of the two ways before the faster one is kept.
        lookahead_sites: sites of a lane up to which lookahead takes it; of more, some reach an end.
        lookahead_lanes: lanes after which it is known whether lookahead pays.
        runs_before_windows: dense lanes before windows and lookahead are tried; that takes about as
            long.
        window_gain: the share of a dense run's time that windows must stay below.
        window_places: places of single corruptions that the trial of windows runs as one batch.
        window_timings: runs of each such batch, of which the fastest counts.
        window_comparisons: lanes of each such batch that are compared with whole images.
        window_share_cost: time of a window relative to its share of the image, with cropping.
        window_waste: work of a batch of windows of one size, relative to windows of their own
            sizes, above which the batch is split.
        places_in_batch: elements of a channel in all windows of a batch, which then stay in the
            processor's caches.
        window_step: ratio of one length for which the work of windows is known to the one before.
        lanes_before_checkpoint: lanes watched before checkpoints are looked for.
        lanes_before_late_checkpoint: the same where none paid at the last target of the model.
        masked_for_checkpoint: the share of these that must come out golden: a checkpoint cannot
            save more.
        checkpoint_gain: the share of the time without a checkpoint that it must stay below.
        checkpoint_samples: lanes of each kind, masked and not, that checkpoints are tried on.
        checkpoint_candidates: tensors at which masking is looked for.
        checkpoint_comparisons: tensors whose two parts are timed.
        most_lanes: the most lanes of a batch.
        batch_bytes: bytes that the inputs of a batch may take.
        runs_before_lanes: single runs before lanes are tried; the trial takes about 20 runs.
        runs_before_long_lanes: the same where lanes can save a tenth of the time at most.
        short_run: seconds of a run below which its fixed cost counts, so that many lanes pay.
        medium_run: seconds of a run up to which `medium_lanes` can pay; of longer ones `few_lanes`.
        medium_lanes: see above.
        few_lanes: see above.
        weight_rate: bytes of weights that are read in a second; a run that mostly reads weights
            pays in lanes.
        timings: runs of which the fastest counts.
        timing_seconds: seconds after which no further run is timed.
    """

    forced: PhaseName | None = None
    fewest_injections: int = 128
    first_block: int = 16
    most_in_block: int = 4096
    short_block: float = 0.5
    long_block: float = 1.5
    block_bytes: int = 64 << 20
    pushed_sites: int = 2048
    pushed_share: float = 1 / 200
    patched_share: float = 1 / 8
    wide_sites: float = 32
    whole_stage_bytes: int = 8 << 20
    whole_stage_blocks: int = 4
    lookahead_sites: int = 64
    lookahead_lanes: int = 64
    runs_before_windows: int = 16
    window_gain: float = 0.9
    window_places: int = 8
    window_timings: int = 2
    window_comparisons: int = 4
    window_share_cost: float = 1.3
    window_waste: float = 1.3
    places_in_batch: int = 1 << 13
    window_step: float = 1.3
    lanes_before_checkpoint: int = 64
    lanes_before_late_checkpoint: int = 512
    masked_for_checkpoint: float = 1 / 8
    checkpoint_gain: float = 0.95
    checkpoint_samples: int = 4
    checkpoint_candidates: int = 16
    checkpoint_comparisons: int = 3
    most_lanes: int = 64
    batch_bytes: int = 16 << 20
    runs_before_lanes: int = 16
    runs_before_long_lanes: int = 256
    short_run: float = 1e-3
    medium_run: float = 1e-2
    medium_lanes: int = 16
    few_lanes: int = 4
    weight_rate: float = 1e10
    timings: int = 5
    timing_seconds: float = 0.05

    @classmethod
    def force(cls, phase: PhaseName) -> Self:
        """Return the policy that uses one phase wherever it is exact, from the first lane on."""
        return cls(
            forced=phase,
            fewest_injections=0,
            wide_sites=-1 if phase == "whole" else float("inf"),
            runs_before_windows=0,
            lanes_before_checkpoint=1,
            lanes_before_late_checkpoint=1,
            masked_for_checkpoint=0,
            runs_before_lanes=0,
            runs_before_long_lanes=0,
        )

    def allows(self, phase: PhaseName) -> bool:
        """Return whether a phase may be on the route at all."""
        return self.forced is None or self.forced == phase

    def pays(self, phase: PhaseName, measured: bool) -> bool:
        """Return whether to use a phase, given whether it was measured to be cheaper."""
        return self.forced == phase or (measured and self.allows(phase))


#: The thresholds in use.
DEFAULT_POLICY = Policy()
