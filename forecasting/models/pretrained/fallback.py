"""The pretrained networks where no trained member answers: before a stream's first model, and for series too young."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forecasting.models.features.days import lead_cells
from forecasting.models.features.history import choose_power
from forecasting.models.features.slots import NAN
from forecasting.models.pretrained.card import Card, house_card
from forecasting.models.pretrained.member import KIND, LEAST_SEASON, PretrainedMember, house_networks
from forecasting.numerics import Floats32, Mask
from forecasting.panel.grid import Panel, take_series
from forecasting.terms import QUANTILES
from forecasting.uncertainty.conformal import widen

MOST_WEEKS = 8
"""Weeks ahead up to which the networks, asked after one to four weeks, beat the mean of the last four on generated
panels; of what lies further ahead nobody has judged them."""
LEAST_SEEN = 0.5
"""Weeks of a series' own from which on they do better than the shape of its peers."""


@dataclass(frozen=True)
class FallbackMember:
    """The house weights, with nothing learned from a stream, their intervals calibrated by the card."""

    card: Card = field(default_factory=house_card)

    kind = KIND

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from several columns.

        NaN throughout for a series that was seen for less than LEAST_SEEN weeks, where others were for longer. The
        power of the base is chosen before the earliest of the columns.
        """
        member = PretrainedMember(house_networks(), choose_power(panel, until=min(origin_columns)))
        found = member.predict_many(panel, origin_columns=origin_columns, length=length)
        for place, at in enumerate(origin_columns):
            factors = self.card.factors[lead_cells(panel, at=at, length=length)]
            found[place] = np.where(_is_grown(panel, at)[:, None, None], widen(found[place], factors), NAN)
        return found

    def predict_rows(self, panel: Panel, rows: Mask, *, at: int, length: int) -> Floats32:
        """Quantiles (N, length, 7) of some series as `predict_many` gives them; NaN for others."""
        forecast = np.full((panel.n_series, length, len(QUANTILES)), NAN, dtype=np.float32)
        rows = rows & _is_grown(panel, at)
        if rows.any():
            member = PretrainedMember(house_networks(), choose_power(panel, until=at))
            part = take_series(panel, np.flatnonzero(rows))
            found = member.predict_many(part, origin_columns=(at,), length=length)[0]
            forecast[rows] = widen(found, self.card.factors[lead_cells(panel, at=at, length=length)])
        return forecast


def may_answer(panel: Panel, *, length: int) -> bool:
    """Whether a horizon is one that the networks know: of intervals of a day or less, and not too far ahead."""
    return panel.season >= LEAST_SEASON and length <= MOST_WEEKS * panel.season


def _is_grown(panel: Panel, at: int) -> Mask:
    """(N,) series that have been seen for LEAST_SEEN weeks before the column `at`; all where none has."""
    seen = panel.observed[:, :at]
    age = np.where(seen.any(axis=1), at - seen.argmax(axis=1), 0) if at else np.zeros(panel.n_series)
    grown: Mask = age >= LEAST_SEEN * panel.season
    return grown if grown.any() else np.ones_like(grown)
