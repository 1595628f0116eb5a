"""Loads of pools under events: rates are multiplied, and no other pool moves."""

from dataclasses import replace

import numpy as np

from forecasting.ensemble.factors import apply_factors
from forecasting.jobs.common.session import open_session
from forecasting.jobs.staffing.loads import pool_loads
from forecasting.jobs.staffing.plan import read_pool_loads
from forecasting.panel.calendar.calendar import resolve_origin
from tests.contact_centre import CALLS, ORIGIN


def test_an_event_multiplies_the_rates_of_its_own_pool_and_moves_no_other(centre):
    with open_session(centre, CALLS) as session:
        loads = read_pool_loads(session, resolve_origin(ORIGIN, session.definition.stream))
    assert (loads.calls.factors == 1).all()
    pools = {"tech": ("tech.voice",), "sales": ("sales.voice",), "care": ("care.chat", "care.voice")}
    factors = np.ones(loads.calls.factors.shape)
    factors[loads.calls.series_ids.index("tech.voice"), 20:60] = 1.5
    told = replace(loads.calls, quantiles=apply_factors(loads.calls.quantiles, [factors]), factors=factors)
    before, after = (pool_loads(calls, loads.handles, pools) for calls in (loads.calls, told))
    is_open = loads.calls.panel.open[loads.calls.series_ids.index("tech.voice"), loads.calls.panel.n_history :]
    expected = np.where((factors != 1).any(axis=0), 1.5, 1.0)[is_open]
    np.testing.assert_allclose(after[0].calls, before[0].calls * expected[:, None], rtol=1e-5)
    for one, other in zip(after[1:], before[1:], strict=True):
        np.testing.assert_array_equal(one.calls, other.calls)
        np.testing.assert_array_equal(one.work, other.work)
