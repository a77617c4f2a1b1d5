"""Computes what the alarms of a hardened model see."""

from collections.abc import Sequence

import pyarrow as pa

from onnxfi.statistics.campaign_statistics import Coverage, Detection, GroupStatistics
from onnxfi.statistics.grouping import FLAGGED, GOLDEN_FLAGGED, HARMFUL
from onnxfi.statistics.network import weighted_rate
from onnxfi.statistics.rate import Rate
from onnxfi.statistics.tally import Tally

_TARGET = ("target", "error_model")


class DetectionTally:
    """Counts alarms among harmful injections, and among inputs without a fault."""

    def __init__(self, *, clustered: bool) -> None:
        """Begin without a record.

        Args:
            clustered: whether a fault may have several records.
        """
        self._harmful = Tally((HARMFUL, *_TARGET), (FLAGGED,), clustered=clustered)
        self._inputs = Tally((GOLDEN_FLAGGED, "input_index"), (), clustered=False)

    def add(self, prepared: pa.Table, complete: pa.Array | None) -> None:
        """Add records as `prepare` returns them, and close faults that get no more records."""
        self._harmful.add(prepared)
        self._inputs.add(prepared)
        if complete is not None:
            self._harmful.close(complete)

    def found(self, targets: Sequence[GroupStatistics]) -> Detection:
        """Return what was counted.

        Args:
            targets: the statistics by target, with their bits.
        """
        rates = {
            (x.key["error_model"], x.key["target"]): x.per_inference(FLAGGED)
            for x in self._harmful.groups()
        }
        of_targets = [Coverage(model, target, rate) for (model, target), rate in rates.items()]
        network = []
        for model in dict.fromkeys(x.error_model for x in of_targets):
            groups = [
                x
                for x in targets
                if x.key["error_model"] == model and (model, x.key["target"]) in rates
            ]
            if not groups:
                continue  # the records were not grouped by target
            weights = [
                x.key["target_bits"] * (x.per_inference["sdc"].share + x.per_inference["due"].share)
                for x in groups
            ]
            mean = weighted_rate([rates[model, x.key["target"]] for x in groups], weights)
            network.append(Coverage(model, None, mean))
        return Detection(network, of_targets, self._false_alarms())

    def _false_alarms(self) -> Rate:
        raised: dict[int, bool] = {}
        for x in self._inputs.groups():
            index = x.key["input_index"]
            raised[index] = raised.get(index, False) or bool(x.key[GOLDEN_FLAGGED])
        return Rate.of(sum(raised.values()), len(raised))
