"""A published mean as a sum of parts: all of it, whatever the members do and whatever lies ahead."""

import numpy as np
import pytest

from forecasting.ensemble.calibrated import forecast_in_stages
from forecasting.ensemble.explained.usual import past_columns
from forecasting.ensemble.explained.waterfall import EVENTS, FILLED, MEMBER, NEWEST, RECONCILIATION, REST, take_apart
from forecasting.ensemble.joint import join
from forecasting.panel.calendar.calendar import resolve_origin
from tests.ensemble.event_readers import EventReader
from tests.ensemble.test_event_effects import CAMPAIGN, DEMAND, ORIGIN, SERIES, STREAM
from tests.panel.factories import build_from, make_events

MEMBERS = {"trees": EventReader()}


def build(*events):
    return build_from(STREAM, DEMAND, series=SERIES, origin=ORIGIN, events=make_events(*events))


def explain(panel, *, row=0, agree=False, members=MEMBERS):
    stages = forecast_in_stages(panel, members)
    columns = np.flatnonzero(panel.open[row, panel.n_history :])
    mean, reconciled = stages.with_events.mean[row, columns], None
    if agree:
        joint = join(STREAM, panel, stages.with_events, members, origin=resolve_origin(ORIGIN, STREAM))
        mean = reconciled = joint.mean[row, columns]
    return take_apart(
        panel, stages, members, row=row, columns=columns, reconciled=reconciled, published=mean.astype(np.float64)
    )


@pytest.mark.parametrize("agree", [False, True])
@pytest.mark.parametrize("events", [(), (CAMPAIGN,)])
def test_parts_sum_to_the_published_mean(events, agree, monkeypatch):
    monkeypatch.setattr("forecasting.ensemble.reconciliation.choose_method", lambda *_: "mint")
    found = explain(build(*events), agree=agree)
    np.testing.assert_allclose(np.sum(list(found.parts.values()), axis=0), found.published, atol=1e-9)
    assert np.abs(found.parts[REST]).max() < 1e-4 * found.published.max()
    assert (RECONCILIATION in found.parts) == agree
    assert (EVENTS in found.parts) == bool(events)


def test_members_add_their_share_of_their_distance_from_the_usual():
    found = explain(build())
    used = [name for name, share in found.shares.items() if share.any()]
    assert len(used) > 1
    for name in used:
        assert f"{MEMBER}{name}" in found.parts
    assert np.allclose(np.sum(list(found.shares.values()), axis=0), 1.0)


def test_a_sum_begins_with_the_newest_value_of_the_same_time_of_week():
    panel = build()
    columns = np.arange(5)
    found = past_columns(panel, panel.n_history + columns)
    assert (found[:, 0] == panel.n_history + columns - panel.season).all()
    assert (found[:, 0] - found[:, 1] == panel.season).all()
    assert np.allclose(explain(panel).parts[NEWEST][:5], panel.y[0, found[:, 0]])


def test_a_series_that_no_member_knows_is_one_part():
    panel = build()
    panel.observed[0], panel.y[0] = False, np.nan
    found = explain(panel)
    assert FILLED in found.parts
    assert not any(name.startswith(MEMBER) for name in found.parts)
    np.testing.assert_allclose(np.sum(list(found.parts.values()), axis=0), found.published, atol=1e-9)
