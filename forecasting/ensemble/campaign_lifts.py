"""Lifts of campaigns, measured on the campaigns that a series had before."""

import numpy as np

from forecasting.numerics import Floats64
from forecasting.panel.calendar.runs import Grid
from forecasting.panel.grid import Panel, eventless
from forecasting.panel.group_sums import usual_volume

HALF_CAMPAIGN = 0.5
"""Campaigns without any effect that count beside those on record: the next one is rarely as strong as the last."""
OWN_CAMPAIGNS = 1.0
"""Campaigns at which a series' own lift counts as much as that of all series together."""


def measure_lifts(panel: Panel) -> Floats64:
    """(N,) factor of the next campaign on each series; NaN where a series never had one that was measured.

    A lift is demand under campaigns over the usual volume of the same intervals, as of the weeks without events. The
    logarithm of a series' own lift is shrunk toward that of all series, and both toward none, by the number of
    campaigns (credibility; Buehlmann, Experience rating and credibility, 1967).
    """
    past = slice(panel.n_history)
    campaign, observed = panel.campaign[:, past], eventless(panel)
    lifts = np.full(panel.n_series, np.nan)
    rows = np.flatnonzero((campaign & panel.observed).any(axis=1))
    if not len(rows):
        return lifts
    grid = Grid(panel.slot[past], panel.cycle[past], panel.season)
    usual = usual_volume(panel.y[rows], observed[rows], panel, grid)[:, past]
    measured = campaign[rows] & panel.observed[rows] & (usual > 0)
    demand, expected = (np.where(measured, of, 0.0).sum(axis=1) for of in (panel.y[rows], usual))
    known = (demand > 0) & (expected > 0)
    rows, demand, expected = rows[known], demand[known], expected[known]
    if not len(rows):
        return lifts
    began = campaign[rows] & ~np.pad(campaign[rows], ((0, 0), (1, 0)))[:, :-1]
    count = began.sum(axis=1)
    every, own = np.log(demand.sum() / expected.sum()), np.log(demand / expected)
    share = count / (count + OWN_CAMPAIGNS)
    lifts[rows] = np.exp(count / (count + HALF_CAMPAIGN) * (share * own + (1 - share) * every))
    return lifts
