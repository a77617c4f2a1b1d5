"""Inject faults into neural networks given as ONNX graphs, and measure what the faults do.

An example::

    import numpy as np
    import onnxfi

    model = onnxfi.load("lenet.onnx")
    print([target.tensor for target in model.targets(kind="activation", op="Conv")])

    with onnxfi.Injector(model, "conv2d") as injector:  # one target, or a list of several
        golden = injector.golden({"input": np.zeros((1, 32, 32, 1), np.float32)})
        for injection in injector.inject(golden, "bitflip:bit=30", count=1000, seed=0):
            print(injection.corruption.indices, injection.outcome)

    results = onnxfi.Campaign.from_yaml("campaign.yaml").run()  # many targets, recorded, resumable
    print(results.summary("layer"))  # later: onnxfi.open("runs/lenet").summary("layer")

Error models are in `onnxfi.error_models`, metrics in `onnxfi.injector.metrics`, and the errors that
onnxfi raises in `onnxfi.errors`. All names below are imported when they are first used.
"""

from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from onnxfi import error_models, errors
    from onnxfi.campaign import Campaign, open, profile
    from onnxfi.error_models import Profile
    from onnxfi.failure_rates import fit
    from onnxfi.graph import Model, Target, TargetKind, Targets, load
    from onnxfi.hardening import Hardened, harden
    from onnxfi.injector import Golden, Hits, Injection, InjectionBatch, Injections, Injector
    from onnxfi.results import Results, Summary
    from onnxfi.runtime import Limits
    from onnxfi.suffix import Policy
    from onnxfi.surgery import Rounded, Split, Stage, embed, expose, round_weights, split

__all__ = [
    "Campaign",
    "Golden",
    "Hardened",
    "Hits",
    "Injection",
    "InjectionBatch",
    "Injections",
    "Injector",
    "Limits",
    "Model",
    "Policy",
    "Profile",
    "Results",
    "Rounded",
    "Split",
    "Stage",
    "Summary",
    "Target",
    "TargetKind",
    "Targets",
    "embed",
    "error_models",
    "errors",
    "expose",
    "fit",
    "harden",
    "load",
    "open",
    "profile",
    "round_weights",
    "split",
]

# Imported when first used: converting a model needs none of it, and would wait for all of it.
_HOMES = {
    "Campaign": "onnxfi.campaign",
    "Golden": "onnxfi.injector",
    "Hardened": "onnxfi.hardening",
    "Hits": "onnxfi.injector",
    "Injection": "onnxfi.injector",
    "InjectionBatch": "onnxfi.injector",
    "Injections": "onnxfi.injector",
    "Injector": "onnxfi.injector",
    "Limits": "onnxfi.runtime",
    "Model": "onnxfi.graph",
    "Policy": "onnxfi.suffix",
    "Profile": "onnxfi.error_models",
    "Results": "onnxfi.results",
    "Rounded": "onnxfi.surgery",
    "Split": "onnxfi.surgery",
    "Stage": "onnxfi.surgery",
    "Summary": "onnxfi.results",
    "Target": "onnxfi.graph",
    "TargetKind": "onnxfi.graph",
    "Targets": "onnxfi.graph",
    "embed": "onnxfi.surgery",
    "fit": "onnxfi.failure_rates",
    "expose": "onnxfi.surgery",
    "harden": "onnxfi.hardening",
    "load": "onnxfi.graph",
    "open": "onnxfi.campaign",
    "profile": "onnxfi.campaign",
    "round_weights": "onnxfi.surgery",
    "split": "onnxfi.surgery",
}


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        value = _version()
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        if isinstance(value, type | FunctionType):
            value.__module__ = __name__  # the path that people import it from
    elif name in __all__:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(x for x in globals() if x.startswith("__"))})


def _version() -> str:
    metadata = import_module("importlib.metadata")
    try:
        return str(metadata.version("onnxfi"))
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        return "0+unknown"
