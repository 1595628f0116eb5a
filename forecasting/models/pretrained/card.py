"""The card of the house weights: what they learned from, how they score on demand they have not learned from, and the
factors that calibrate their intervals where a stream's own past is too short to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from forecasting.errors import ModelError
from forecasting.models.features.days import LEADS
from forecasting.numerics import Floats64
from forecasting.terms import MEDIAN, QUANTILES

CARD = "card.json"
"""Beside the weights; written by `make pretrain`."""
INTERVALS = {"90": 0, "80": 1, "50": 2}
"""By nominal coverage: place of an interval's lower quantile."""
CELLS = tuple(str(day) for day in (0, *LEADS))
"""Cells of days ahead, by their first day."""


@dataclass(frozen=True)
class Card:
    """What is known of some weights."""

    facts: Mapping[str, Any]
    """All of it, as it is in the file."""
    factors: Floats64
    """(len(LEADS) + 1, 7) of the distance of each quantile from the median, by cell of days ahead."""


@cache
def house_card() -> Card:
    """The card of the weights of the package."""
    return read_card(files("forecasting.models.pretrained").joinpath(CARD).read_text(encoding="utf-8"))


def read_card(text: str) -> Card:
    """A card from its JSON. Raises ModelError where factors are missing, not finite or not above zero."""
    factors = np.ones((len(CELLS), len(QUANTILES)))
    try:
        facts = json.loads(text)
        for row, cell in enumerate(CELLS):
            for name, place in INTERVALS.items():
                factors[row, [place, 2 * MEDIAN - place]] = float(facts["factors"][cell][name])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{CARD}: expected factors by days ahead and interval, found {error!r}") from error
    if not (np.isfinite(factors) & (factors > 0)).all():
        raise ModelError(f"{CARD}: expected factors above zero")
    return Card(facts, factors)
