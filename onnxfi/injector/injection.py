"""Defines an injection: one faulty execution and its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from onnxfi.display import counted, list_names
from onnxfi.error_models import Corruption
from onnxfi.errors import InputError
from onnxfi.injector.due.reasons import DueReason
from onnxfi.injector.outcome import Outcome


@dataclass(frozen=True, eq=False, slots=True)
class Injection:
    """One faulty execution and its outcome.

    Attributes:
        id: number of the injection; with the seed it determines the corruptions.
        targets: names of the targets' tensors, in the order in which they were corrupted.
        corruptions: for each target, the injection sites and the values written there.
        replaced: for each target, the values that were there before, shape ``(K,)``: golden ones,
            except downstream of another target, where that corruption had its effect already.
        outputs: the faulty outputs of the model, by name; empty where the faulty execution failed.
        outcome: what the fault did.
        masked_at: name of the tensor in which nothing was left of the fault; None where that was
            not seen on the way to the outputs.
        due_reason: why the outcome is due: ``nan`` or ``inf`` in the outputs (nan where there are
            both), or a faulty execution that was ``refused`` by ONNX Runtime or exceeded a limit
            (``timeout``, ``memory``); None where it is not due.
        alarms: the alarms of a hardened model, by name; empty where it has none, or the execution
            failed.
        flagged: whether any alarm was raised; None where the model has none.
    """

    id: int
    targets: tuple[str, ...]
    corruptions: tuple[Corruption, ...]
    replaced: tuple[np.ndarray, ...]
    outputs: Mapping[str, np.ndarray]
    outcome: Outcome
    masked_at: str | None = None
    due_reason: DueReason | None = None
    alarms: Mapping[str, np.ndarray] = field(default_factory=dict)
    flagged: bool | None = None

    def __repr__(self) -> str:
        """Return one line: the id, the targets, the number of sites and the outcome."""
        sites = counted(sum(x.indices.size for x in self.corruptions), "site")
        reason = f" ({self.due_reason})" if self.due_reason else ""
        reason += ", flagged" if self.flagged else ""
        return (
            f"<onnxfi.Injection {self.id} at {list_names(self.targets)}: {sites}, "
            f"{self.outcome}{reason}>"
        )

    @property
    def corruption(self) -> Corruption:
        """The corruption of the only target.

        Raises:
            InputError: there are several.
        """
        if len(self.corruptions) > 1:
            raise InputError(
                f"`corruption` is for an injection into one target, and this one went into "
                f"{len(self.corruptions)}. Use `corruptions`."
            )
        return self.corruptions[0]
