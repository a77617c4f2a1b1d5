"""Error models are given as text wherever the injector takes one."""

from collections.abc import Iterator

import pytest

import onnxfi
from onnxfi.error_models import BitFlip, Zero
from onnxfi.errors import ErrorModelError, InputError
from tests.support.small_graphs import chain, random_inputs


@pytest.fixture
def injector() -> Iterator[onnxfi.Injector]:
    with onnxfi.Injector(onnxfi.load(chain()), ["a", "b"], provider="cpu") as opened:
        yield opened


@pytest.fixture
def golden(injector: onnxfi.Injector) -> onnxfi.Golden:
    return injector.golden({k: x[:1] for k, x in random_inputs(chain()).items()})


def drawn(injector: onnxfi.Injector, golden: onnxfi.Golden, error_model: object) -> list[object]:
    found = injector.inject(golden, error_model, count=5, seed=2)  # type: ignore[arg-type]
    return [(x.indices.tolist(), x.values.tolist()) for y in found for x in y.corruptions]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("bitflip:bit=30", BitFlip(bit=30)),
        ("zero", Zero()),
        (["bitflip:bit=30,count=2", "zero"], [BitFlip(bit=30, count=2), Zero()]),
        (("zero", BitFlip(bit=3)), [Zero(), BitFlip(bit=3)]),
    ],
)
def test_a_text_is_the_error_model_that_it_names(
    injector: onnxfi.Injector, golden: onnxfi.Golden, text: object, same: object
) -> None:
    expected = drawn(injector, golden, same)
    assert len(expected) == 10
    assert drawn(injector, golden, text) == expected


def test_a_wrong_text_is_refused_with_a_suggestion(
    injector: onnxfi.Injector, golden: onnxfi.Golden
) -> None:
    with pytest.raises(ErrorModelError, match=r"got 'bitflp' \(did you mean 'bitflip'\?\)"):
        next(injector.inject(golden, "bitflp"))
    with pytest.raises(ErrorModelError, match=r"did you mean 'bit'\?"):
        next(injector.inject(golden, ["zero", "bitflip:bitt=3"]))
    with pytest.raises(ErrorModelError, match="must be a text, a mapping or an error model"):
        next(injector.inject(golden, 30))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one for each of the 2 targets, got 3"):
        next(injector.inject(golden, ["zero", "zero", "zero"]))


def test_embedding_a_text_says_how_to_draw() -> None:
    model = onnxfi.load(chain())
    with pytest.raises(InputError, match=r"'bitflip' is a text\. Draw them first"):
        onnxfi.embed(model, "a", "bitflip")  # type: ignore[arg-type]
