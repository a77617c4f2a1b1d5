"""Rates as text and as JSON."""

from onnxfi.cli.rates import format_rate, to_document
from onnxfi.statistics import Rate


def test_a_rate_has_its_interval() -> None:
    assert format_rate(Rate.of(5, 20)) == "25.0 [11.2, 46.9]"


def test_a_document_holds_shares() -> None:
    document = to_document({"sdc": [Rate.of(1, 4)], "name": "conv1"})
    assert document["name"] == "conv1"
    (rate,) = document["sdc"]
    assert (rate["share"], rate["count"], rate["total"]) == (0.25, 1, 4)
