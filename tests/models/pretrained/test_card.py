"""The card that is beside the house weights, as it is read."""

import json

import pytest

from forecasting.errors import ModelError
from forecasting.models.pretrained.card import CELLS, read_card

ROW = {"50": 1.5, "80": 1.2, "90": 0.9}


def test_both_ends_of_an_interval_have_one_factor_and_the_median_none():
    text = json.dumps({"factors": dict.fromkeys(CELLS, ROW)})
    assert read_card(text).factors.tolist() == [[0.9, 1.2, 1.5, 1.0, 1.5, 1.2, 0.9]] * len(CELLS)


@pytest.mark.parametrize(
    "text",
    [
        "no card",
        "{}",
        json.dumps({"factors": dict.fromkeys(CELLS[1:], ROW)}),
        json.dumps({"factors": {cell: {**ROW, "80": -1} for cell in CELLS}}),
        json.dumps({"factors": {cell: {**ROW, "80": "wide"} for cell in CELLS}}),
        json.dumps({"factors": {cell: {**ROW, "80": float("nan")} for cell in CELLS}}),
    ],
)
def test_a_damaged_card_is_refused_in_one_line(text):
    with pytest.raises(ModelError, match=r"^card\.json: expected factors ") as caught:
        read_card(text)
    assert "\n" not in str(caught.value)
