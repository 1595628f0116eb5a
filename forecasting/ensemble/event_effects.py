"""The effect of events ahead, as factors on a forecast that is made without them.

Campaigns, holidays and closures of the horizon are taken out of the panel, and that forecast is mixed, calibrated and
reconciled. A series that had campaigns before is multiplied by the lift that was measured on them. For all other events
the members that read them answer once more, and the ratio of the two answers is each series' factor in each interval;
0 where an event closes it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from forecasting.ensemble.campaign_lifts import measure_lifts
from forecasting.ensemble.factors import apply_factors
from forecasting.ensemble.members import PRIOR_WEIGHTS, READS_EVENTS
from forecasting.ensemble.mixture import PanelForecast
from forecasting.models.member import Member
from forecasting.numerics import Floats, Floats32, Floats64, Ints, Mask
from forecasting.panel.grid import Panel, take_series, touched_ahead
from forecasting.quantiles import mean_of_quantiles

LEAST_SHARE = 0.05
"""Share of a series' mean below which an interval's ratio is that of all intervals of its day that differ: a ratio of
two small forecasts says little."""


def with_events(panel: Panel, forecast: PanelForecast, members: Mapping[str, Member]) -> PanelForecast:
    """A forecast made without the events ahead, with their effect. members: trained ones by name.

    forecast: of `without_events(panel)`. The result keeps it as its baseline.
    """
    ahead, touched = slice(panel.n_history, None), np.flatnonzero(touched_ahead(panel))
    part, lifts = take_series(panel, touched), measure_lifts(panel)[touched]
    lifted = part.campaign[:, ahead] & np.isfinite(lifts)[:, None]
    part = _without_campaigns(part, np.isfinite(lifts))
    answers = {
        str(name): members[name].predict_many(part, origin_columns=(panel.n_history,), length=panel.n_horizon)[0]
        for name in READS_EVENTS
        if name in members
    }
    factors = np.ones((panel.n_series, panel.n_horizon))
    if answers:
        before, after = _means(forecast, answers, touched)
        event = (part.campaign if part.event is None else part.event)[:, ahead] & ~lifted
        day = panel.wall[ahead].astype("datetime64[D]").astype(np.int64)
        factors[touched] = find_ratios(after, before, event=event, day=day)
    factors[touched] *= np.where(lifted, lifts[:, None], 1.0)
    closed = ~panel.open[:, ahead]
    factors[touched] = np.where(closed[touched], 0.0, factors[touched])
    answered = {name: _replaced(forecast.member_forecasts[name], answers[name], touched) for name in answers}
    return replace(
        forecast,
        quantiles=apply_factors(forecast.quantiles, [factors]),
        member_forecasts={**forecast.member_forecasts, **answered},
        baseline=forecast.quantiles,
        factors=factors,
    )


def _without_campaigns(panel: Panel, rows: Mask) -> Panel:
    """The panel without the campaigns ahead of some series."""
    campaign = panel.campaign.copy()
    campaign[rows, panel.n_history :] = False
    return replace(panel, campaign=campaign)


def find_ratios(after: Floats64, before: Floats64, *, event: Mask, day: Ints) -> Floats64:
    """(n, H) finite factors from means with and without events, (n, H), NaN where a series has no answer.

    event: (n, H) intervals on which an event lies; day: (H,) local day. A series without an answer takes what the
    events of an interval change in the others together, and 1 where none has an answer.
    """
    known = np.isfinite(after) & np.isfinite(before)
    differs = known & (after != before)
    pairs = [np.where(differs, values, 0.0) for values in (after, before)]
    _, place = np.unique(day, return_inverse=True)
    by_day = [np.stack([np.bincount(place, row) for row in values])[:, place].astype(np.float64) for values in pairs]
    usual = np.where(known, before, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    small = differs & (before < LEAST_SHARE * usual[:, None])
    own = np.where(small, _ratio(*by_day), _ratio(*pairs))
    shared = [np.where(event & known, values, 0.0).sum(axis=0, keepdims=True) for values in (after, before)]
    factors: Floats64 = np.where(differs, own, np.where(event & ~known, _ratio(*shared), 1.0))
    return factors


def _ratio(after: Floats, before: Floats) -> Floats64:
    """1 where there was nothing before."""
    ratio: Floats64 = np.divide(after, before, out=np.ones(np.shape(after)), where=before > 0)
    return ratio


def _means(forecast: PanelForecast, answers: Mapping[str, Floats32], touched: Ints) -> tuple[Floats64, Floats64]:
    """(n, H) means without and with events of the members that read them, by their weights; NaN where none answers.

    Members that read no events do not dilute the effect. Where none of those that do has weight, prior weights count.
    """
    weights = {name: forecast.weights[name][touched] for name in answers}
    unweighted = np.sum(list(weights.values()), axis=0) == 0
    sums = np.zeros((3, *unweighted.shape))
    for name, answer in answers.items():
        both = np.stack([forecast.member_forecasts[name][touched], answer]).astype(np.float64)
        means = mean_of_quantiles(both)
        known = np.isfinite(means).all(axis=0)
        share = np.where(known, np.where(unweighted, PRIOR_WEIGHTS.get(name, 1.0), weights[name]), 0.0)
        sums += np.concatenate([share[None], share * np.where(known, means, 0.0)])
    before, after = np.where(sums[0] > 0, sums[1:] / np.where(sums[0] > 0, sums[0], 1.0), np.nan)
    return before, after


def _replaced(values: Floats32, rows: Floats32, place: Ints) -> Floats32:
    changed = values.copy()
    changed[place] = rows
    return changed
