"""Runs a model in PyTorch, and injects faults with forward hooks."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from onnxfi.error_models import Corruption
from tests.frameworks.faults import Faults, overwrite, overwrite_rows
from tests.frameworks.inputs import draw_inputs, widened
from tests.frameworks.torch_models import MODELS


class TorchSource:
    """A model with random weights, in PyTorch.

    Attributes:
        model: the module, in evaluation mode.
    """

    def __init__(self, name: str, *, seed: int = 0) -> None:
        """Build a model of `frameworks.torch_models` and draw its weights."""
        torch.manual_seed(seed)
        self.model = MODELS[name]().eval()
        _randomise(self.model, draw_inputs(name, np.random.default_rng(seed), batch=16))

    def layer_outputs(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the output of every call of every module; the second call of ``m`` is ``m@1``."""
        recorded: dict[str, np.ndarray] = {}

        def record(name: str, output: Tensor) -> Tensor:
            recorded[name] = output.numpy().copy()
            return output

        with _hooks(self.model, record):
            self._run(inputs)
        return recorded

    def outputs(
        self, inputs: Mapping[str, np.ndarray], injections: Sequence[Faults] = ({},)
    ) -> list[list[np.ndarray]]:
        """Return the model's outputs on one sample for each of several faulty executions.

        Row i of one batch is execution i: a hook overwrites the module's output there.
        """
        rows = {name: np.repeat(value, len(injections), axis=0) for name, value in inputs.items()}
        for name, tensor in rows.items():
            overwrite_rows(name, tensor, injections)

        def corrupt(name: str, output: Tensor) -> Tensor:
            corrupted = output.clone()  # some modules return a view of their input
            overwrite_rows(name, corrupted.numpy(), injections)
            return corrupted

        with _hooks(self.model, corrupt):
            batched = self._run(rows)
        return [[x[i : i + 1] for x in batched] for i in range(len(injections))]

    def weights(self) -> dict[str, np.ndarray]:
        """Return the floating-point parameters and buffers by name."""
        state = self.model.state_dict()
        return {name: x.numpy() for name, x in state.items() if x.is_floating_point()}

    @contextmanager
    def corrupted_weight(self, name: str, corruption: Corruption) -> Iterator[None]:
        """Hold another value in a parameter or buffer for a while."""
        weight = self.weights()[name]
        golden = weight.copy()
        overwrite(weight, corruption)
        try:
            yield
        finally:
            weight[...] = golden

    @torch.no_grad()
    def _run(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        outputs = self.model(**{name: torch.from_numpy(x) for name, x in inputs.items()})
        return [x.numpy() for x in (outputs if isinstance(outputs, tuple) else (outputs,))]


@contextmanager
def _hooks(model: nn.Module, replace: Callable[[str, Tensor], Tensor]) -> Iterator[None]:
    """Pass the output of every call of every module below `model` through a function."""
    calls: Counter[str] = Counter()

    def hook_of(path: str) -> Callable[[nn.Module, object, Tensor], Tensor]:
        def hook(_module: nn.Module, _arguments: object, output: Tensor) -> Tensor:
            number = calls[path]
            calls[path] += 1
            return replace(f"{path}@{number}" if number else path, output)

        return hook

    handles = [
        module.register_forward_hook(hook_of(path))
        for path, module in model.named_modules()
        if path
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _randomise(model: nn.Module, inputs: Mapping[str, np.ndarray]) -> None:
    """Scale weights so that signals keep their size, and set the statistics of normalisations."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    normalisations = [x for x in model.modules() if isinstance(x, nn.BatchNorm2d)]
    for module in normalisations:
        nn.init.uniform_(module.weight, 0.5, 1.5)
        nn.init.normal_(module.bias, std=0.3)
        module.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(**{name: torch.from_numpy(value) for name, value in inputs.items()})
    model.eval()
    for module in normalisations:
        mean, variance = module.running_mean, module.running_var
        variance[:] = torch.from_numpy(widened(mean.numpy(), variance.numpy()))
