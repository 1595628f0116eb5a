"""The panel as a whole: what is on it, and what is not."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.config.stream import parse_stream
from forecasting.errors import ContractError, InsufficientHistoryError, SettingsError
from forecasting.panel.build import build_panel
from forecasting.panel.calendar.calendar import wall_times
from forecasting.panel.cleaning.breaks import Fault
from forecasting.panel.grid import at_present_level, cut_panel, fingerprint, horizon_rows, open_age, take_series
from tests.panel.factories import (
    build_from,
    hours_since_1970,
    make_demand,
    make_events,
    make_panel,
    make_series,
    make_stream,
    utc,
)

SHARED_DATA = Path(os.environ.get("SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
BANK = Path(__file__).parents[1] / "streams" / "anonymous_bank"
OFFICE = {"mon-fri": "09:00-17:00"}
ZONES = ("UTC", "Europe/Berlin", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe")


def shared(name):
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"{path} is absent; set SHARED_DATA to the folder that holds it")
    return pd.read_parquet(path)


def build(stream, demand, *, origin="2024-02-01", series=None, events=None):
    return build_from(
        stream, demand, origin=origin, series=make_series("a") if series is None else series, events=events
    )


def assert_same(one, other):
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)
    assert one.attributes.equals(other.attributes)


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    interval=st.sampled_from(["30min", "1h", "1d"]),
    hours=st.sampled_from([(), (OFFICE,), ({"mon-sun": "20:00-02:00"},)]),
    day=st.dates(pd.Timestamp("2024-02-01").date(), pd.Timestamp("2024-12-31").date()),
)
def test_every_column_holds_the_value_of_its_own_instant(zone, interval, hours, day):
    stream = make_stream(interval=interval, timezone=zone, hours=hours, horizon="7d")
    panel = make_panel(stream, since=str(day - timedelta(days=10)), origin=str(day))
    expected = np.where(panel.open[0], hours_since_1970(panel.ts), np.nan)[: panel.n_history]
    np.testing.assert_array_equal(panel.y[0], expected.astype(np.float32))
    np.testing.assert_array_equal(panel.observed, np.isfinite(panel.y))
    assert (np.diff(panel.ts) > np.timedelta64(0)).all()
    assert len(panel.horizon_step) == panel.n_horizon <= panel.max_horizon
    assert panel.y.dtype == panel.covariates.dtype == np.float32


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    interval=st.sampled_from(["30min", "1h", "1d"]),
    hours=st.sampled_from([(), (OFFICE,), ({"mon-sun": "20:00-02:00"},)]),
    day=st.dates(pd.Timestamp("2024-02-01").date(), pd.Timestamp("2024-12-31").date()),
)
def test_equal_slots_are_the_same_weekday_and_local_time_one_cycle_a_week(zone, interval, hours, day):
    stream = make_stream(interval=interval, timezone=zone, hours=hours, horizon="7d")
    panel = make_panel(stream, since=str(day - timedelta(days=20)), origin=str(day))
    wall = wall_times(panel.ts, stream.zone) - np.datetime64("2024-01-01")
    place = wall % np.timedelta64(7, "D") // np.timedelta64(stream.interval)
    assert panel.slot.min() >= 0
    assert panel.slot.max() < panel.season
    pairs = np.unique(np.column_stack([panel.slot, place]), axis=0)
    assert len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1])) == len(pairs)
    np.testing.assert_array_equal(panel.cycle, (week := wall // np.timedelta64(7, "D")) - week[0])


def test_a_week_of_opening_hours_is_one_season_without_nights_and_weekends():
    panel = make_panel(make_stream(hours=[OFFICE]), since="2024-01-08", origin="2024-01-22")
    assert (panel.season, panel.max_horizon, panel.n_history, panel.n_horizon) == (40, 40, 80, 40)
    np.testing.assert_array_equal(panel.slot, np.tile(np.arange(40), 3))
    np.testing.assert_array_equal(panel.cycle, np.repeat([0, 1, 2], 40))
    assert panel.horizon_step[:9].tolist() == [10, 11, 12, 13, 14, 15, 16, 17, 34]


def test_an_origin_in_the_middle_of_a_day_splits_it():
    panel = make_panel(make_stream(hours=[OFFICE], horizon="1d"), since="2024-01-08", origin="2024-01-09T12:00")
    assert panel.n_history == 8 + 3
    assert panel.ts[panel.n_history] == np.datetime64("2024-01-09T12:00")
    assert panel.horizon_step.tolist() == [1, 2, 3, 4, 5, 22, 23, 24]


def test_a_horizon_within_a_closed_weekend_has_no_columns():
    panel = make_panel(make_stream(hours=[OFFICE], horizon="2d"), since="2024-01-08", origin="2024-01-13")
    assert panel.n_horizon == 0
    assert len(horizon_rows(panel)[0]) == 0
    assert panel.max_horizon == 16


@pytest.mark.parametrize(("origin", "last"), [("2024-03-30", "2024-04-01T00:00"), ("2024-10-26", "2024-10-27T22:00")])
def test_a_horizon_over_a_clock_change_keeps_its_number_of_steps(origin, last):
    stream = make_stream(timezone="Europe/Berlin", horizon="2d", start="2024-03-01")
    panel = make_panel(stream, since=origin.replace("-30", "-20").replace("-26", "-20"), origin=origin)
    assert panel.horizon_step.tolist() == list(range(1, 49))
    assert str(wall_times(panel.ts, stream.zone)[-1]).startswith(last)


def test_days_are_local_dates_across_a_clock_change():
    stream = make_stream(interval="1d", timezone="Europe/Berlin", horizon="3d")
    panel = make_panel(stream, since="2024-03-20", origin="2024-03-31")
    assert wall_times(panel.ts, stream.zone)[-3:].astype("datetime64[h]").tolist() == [
        pd.Timestamp(day).to_pydatetime() for day in ("2024-03-31", "2024-04-01", "2024-04-02")
    ]
    assert panel.season == 7


def test_weeks_have_no_season():
    panel = make_panel(
        make_stream(interval="7d", horizon="28d", history="364d"), since="2024-01-01", origin="2024-03-06"
    )
    assert (panel.season, panel.n_history, panel.n_horizon) == (1, 9, 4)
    assert not panel.slot.any()
    np.testing.assert_array_equal(panel.cycle, np.arange(13))


def test_series_with_different_hours_share_columns_but_not_their_rows():
    stream = make_stream(hours=[{"where": {"queue": "chat"}, "mon": "08:00-10:00"}, {"mon": "09:00-12:00"}])
    series = make_series("b", "a", queue=["chat", "voice"])
    panel = make_panel(stream, series=series, since="2024-01-08", origin="2024-01-15")
    assert panel.series_ids.tolist() == ["a", "b"]
    np.testing.assert_array_equal(panel.open[:, :4], [[False, True, True, True], [True, True, False, False]])
    np.testing.assert_array_equal(panel.observed, panel.open[:, :4])
    np.testing.assert_array_equal(np.column_stack(horizon_rows(panel)), [[0, 1], [0, 2], [0, 3], [1, 0], [1, 1]])


def test_missing_stays_missing_and_is_never_zero():
    stream = make_stream()
    demand = make_demand(stream, "a", since="2024-01-08", until="2024-01-15")
    demand.loc[3, "y"] = np.nan
    demand.loc[4, "y"] = 0.0
    panel = build(stream, demand.drop(index=5), origin="2024-01-15")
    assert panel.observed[0, 2:7].tolist() == [True, False, True, False, True]
    assert np.isnan(panel.y[0, [3, 5]]).all()
    assert panel.y[0, 4] == 0.0
    assert panel.open.all()


def test_an_outage_interval_is_unobserved_not_zero_and_not_closed():
    events = make_events(("outage", {"series_id": "a"}, "2024-01-10T01:30Z", "2024-01-10T03:00Z"))
    panel = make_panel(
        make_stream(), series=make_series("a", "b"), events=events, since="2024-01-08", origin="2024-01-15"
    )
    hidden = panel.ts[: panel.n_history][~panel.observed[0]]
    assert np.datetime_as_string(hidden, "h").tolist() == ["2024-01-10T01", "2024-01-10T02"]
    assert np.isnan(panel.y[0]).sum() == 2
    assert panel.observed[1].all()
    assert panel.open.all()
    np.testing.assert_array_equal(panel.masked, ~panel.observed)
    assert set(panel.fault[panel.masked]) == {Fault.OUTAGE}


def test_an_outage_sets_nothing_aside_where_nothing_was_measured():
    events = make_events(("outage", {}, "2024-01-10T01:00Z", "2024-01-10T03:00Z"))
    stream = make_stream()
    demand = make_demand(stream, "a", since="2024-01-08", until="2024-01-15")
    panel = build(stream, demand[demand["ts"] != "2024-01-10T01:00Z"], origin="2024-01-15", events=events)
    assert np.datetime_as_string(panel.ts[: panel.n_history][panel.masked[0]], "h").tolist() == ["2024-01-10T02"]


def counts(ts):
    """Calls of an office day, the same every week but for noise."""
    hour = ts.astype("datetime64[h]").astype(np.int64)
    return np.random.default_rng(0).poisson(30 + 20 * np.sin(2 * np.pi * hour / 24))


def lost_day(demand, day):
    """The rows of a feed that delivered zeros for a day."""
    return demand.assign(y=demand["y"].where(demand["ts"].dt.strftime("%Y-%m-%d") != day, 0.0))


def test_lost_data_without_an_event_is_set_aside():
    stream = make_stream(hours=[OFFICE], history="84d")
    demand = lost_day(make_demand(stream, "a", "b", since="2024-01-08", until="2024-04-01", value=counts), "2024-02-21")
    panel = build(stream, demand, origin="2024-04-01", series=make_series("a", "b"))
    lost = panel.ts[: panel.n_history].astype("datetime64[D]") == np.datetime64("2024-02-21")
    np.testing.assert_array_equal(panel.fault == Fault.LOST, np.tile(lost, (2, 1)))
    np.testing.assert_array_equal(panel.masked, ~panel.observed)
    assert np.isnan(panel.y[:, lost]).all()
    assert panel.open.all()
    assert not panel.level_start.any()


@pytest.mark.parametrize("day", ["2024-02-19", "2024-02-16"], ids=["holiday", "eve of one"])
def test_a_silent_holiday_and_a_silent_eve_of_one_are_demand_to_learn_from(day):
    stream = make_stream(hours=[OFFICE], history="84d", country="US")
    event = make_events(("holiday", {}, "2024-02-17T00:00Z", "2024-02-18T00:00Z"))
    demand = lost_day(make_demand(stream, "a", since="2024-01-08", until="2024-04-01", value=counts), day)
    panel = build(stream, demand, origin="2024-04-01", events=event)
    assert panel.observed.all()
    assert (panel.y == 0).sum() == 8


def test_values_that_were_set_aside_show_a_feed_alive():
    stream = make_stream(hours=[OFFICE], history="84d")
    demand = make_demand(stream, "a", since="2024-01-08", until="2024-04-02", value=counts)
    panel = build(stream, lost_day(demand, "2024-04-01"), origin="2024-04-02")
    assert panel.masked[0, -8:].all()
    assert open_age(panel, interval=stream.interval) == timedelta(0)


def test_a_shift_of_level_is_given_by_its_first_column():
    stream = make_stream(history="140d", hours=[OFFICE])
    demand = make_demand(stream, "a", "b", since="2024-01-08", until="2024-05-06", value=counts)
    later = (demand["series_id"] == "b") & (demand["ts"] >= "2024-03-20")
    demand["y"] = demand["y"].where(~later, demand["y"] * 4)
    panel = build(stream, demand, origin="2024-05-06", series=make_series("a", "b"))
    assert panel.level_start[0] == 0
    assert panel.ts[panel.level_start[1]].astype("datetime64[D]") == np.datetime64("2024-03-20")


def test_the_bank_log_has_lost_its_days_and_hours_and_one_queue_has_a_new_level():
    """The faults that the README of the log lists, its missing rows read as zeros as a careless extract would."""
    definition = BANK.with_suffix(".toml").read_text()
    stream = parse_stream(definition, path="anonymous_bank.toml")
    feed = SHARED_DATA / "anonymous_bank_calls_raw.parquet"
    shared(feed.name)
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        asked = {"feed": str(feed), "since": utc("1998-12-01"), "until": utc("1999-10-31")}
        rows = con.execute(BANK.with_suffix(".sql").read_text(), asked).to_arrow_table().to_pandas()
    grid = pd.date_range("1999-01-01", "1999-10-31", freq="30min", tz="UTC", inclusive="left")
    filled = rows.pivot_table(index="ts", columns="series_id", values="y").reindex(grid).fillna(0.0)
    demand = filled.rename_axis("ts").reset_index().melt("ts", var_name="series_id", value_name="y")
    panel = build(stream, demand, origin="1999-10-30", series=make_series(*filled.columns))
    wall = wall_times(panel.ts[: panel.n_history], stream.zone)

    def share(since, until):
        return panel.masked[:, (wall >= np.datetime64(since)) & (wall < np.datetime64(until))].mean()

    for since, until in (
        ("1999-01-11", "1999-01-13"),
        ("1999-03-02T15:00", "1999-03-02T18:00"),
        ("1999-03-08T12:00", "1999-03-09"),
    ):
        assert share(since, until) > 0.9
    assert share("1999-01-01", "1999-10-30") < 0.03
    since = dict(zip(panel.series_ids, panel.level_start, strict=True))
    assert np.datetime64("1999-07-01") < wall[since.pop("IN")] < np.datetime64("1999-08-01")
    assert not any(since.values())


def test_a_campaign_marks_what_it_touches_ahead_of_the_origin_too():
    events = make_events(("campaign", {"region": "qc"}, "2024-01-14T22:00Z", "2024-01-15T02:30Z"))
    series = make_series("a", "b", region=["qc", None])
    panel = make_panel(make_stream(), series=series, events=events, since="2024-01-08", origin="2024-01-15")
    marked = np.datetime_as_string(panel.ts[panel.campaign[0]], "h").tolist()
    assert marked == ["2024-01-14T22", "2024-01-14T23", "2024-01-15T00", "2024-01-15T01", "2024-01-15T02"]
    assert not panel.campaign[1].any()
    assert panel.attributes.loc["b", "region"] == ""


def test_an_event_without_an_end_goes_on():
    events = make_events(("campaign", {}, "2024-01-14T22:00Z", None))
    panel = make_panel(make_stream(), events=events, since="2024-01-08", origin="2024-01-15")
    np.testing.assert_array_equal(panel.campaign[0], panel.ts >= np.datetime64("2024-01-14T22:00"))


def test_history_goes_back_to_the_block_of_its_first_day_but_not_before_the_first_demand():
    stream = make_stream(history="7d", timezone="Europe/Berlin")
    # a week before lies in the block of four weeks that began on 18 March; clocks changed since
    assert make_panel(stream, since="2024-03-01", origin="2024-04-03").n_history == 16 * 24 - 1
    assert make_panel(stream, since="2024-03-30T05:00", origin="2024-04-03").n_history == 4 * 24 - 1 - 5
    demand = make_demand(stream, "a", "other", since="2024-03-01", until="2024-04-03")
    late = demand[(demand["series_id"] == "other") | (demand["ts"] >= "2024-04-01")]
    assert build(stream, late, origin="2024-04-03").n_history == 48 - 2


def test_history_never_goes_back_before_the_source_starts():
    stream = make_stream(start="2024-01-10")
    assert make_panel(stream, since="2024-01-01", origin="2024-01-15").n_history == 5 * 24


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_rows_at_or_after_the_origin_and_rows_of_other_series_change_nothing(seed):
    rng = np.random.default_rng(seed)
    stream = make_stream(hours=[OFFICE])
    demand = make_demand(stream, "a", "other", since="2024-01-08", until="2024-02-05")
    other = demand.copy()
    free = (other["ts"] >= "2024-02-01") | (other["series_id"] == "other")
    other.loc[free, "y"] = rng.normal(size=int(free.sum()))
    other = other.sample(frac=1, random_state=seed)
    assert_same(build(stream, demand), build(stream, other))


def test_rows_in_closed_time_change_nothing():
    stream = make_stream(hours=[{"mon-fri": "09:00-17:00", "holiday": "closed"}], country="US")
    demand = make_demand(stream, "a", since="2024-01-08", until="2024-02-01")
    panel = build(stream, demand)
    known = demand["ts"].isin(pd.DatetimeIndex(panel.ts[panel.open[0]], tz="UTC"))
    assert 0 < known.sum() < len(demand)
    assert_same(panel, build(stream, demand[known]))


def test_text_and_categorical_keys_with_unused_and_missing_categories_give_the_same_panel():
    stream = make_stream()
    demand = make_demand(stream, "b", "a", "other", since="2024-01-20", until="2024-02-01")
    series = make_series("a", "b", "never_seen")
    coded = demand.assign(series_id=pd.Categorical(demand["series_id"], categories=["zz", "b", "a", "other"]))
    coded["series_id"] = coded["series_id"].cat.remove_categories("other")
    panel = build(stream, demand, series=series)
    assert_same(panel, build(stream, coded, series=series))
    assert panel.series_ids.tolist() == ["a", "b", "never_seen"]
    assert panel.observed.any(axis=1).tolist() == [True, True, False]


def test_building_a_panel_changes_none_of_its_arguments():
    stream = make_stream(hours=[{"where": {"queue": "chat"}, "mon": "08:00-10:00"}], country="CA")
    demand = make_demand(stream, "a", "b", since="2024-01-08", until="2024-02-05")
    demand.loc[7, "y"] = np.nan
    series = make_series("b", "a", queue=["chat", None])
    events = make_events(
        ("closure", {"queue": "chat"}, "2024-01-08T08:00Z", "2024-01-08T09:00Z"),
        ("outage", {}, "2024-01-18T08:00Z", "2024-01-18T09:00Z"),
        ("holiday", {"series_id": "a"}, "2024-01-19T00:00Z", "2024-01-20T00:00Z"),
    )
    before = [frame.copy(deep=True) for frame in (demand, series, events)]
    first = build(stream, demand, series=series, events=events)
    for frame, copy in zip((demand, series, events), before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)
    assert_same(first, build(stream, demand, series=series, events=events))


def test_the_age_of_a_feed_counts_open_time_only():
    stream = make_stream(hours=[OFFICE])
    demand = make_demand(stream, "a", "b", since="2024-01-08", until="2024-02-05")
    series = make_series("a", "b")

    def age(until, origin):
        return open_age(
            build(stream, demand[demand["ts"] < until], origin=origin, series=series), interval=stream.interval
        )

    assert age("2024-01-19T17:00Z", "2024-01-22") == timedelta(0)
    assert age("2024-01-19T15:00Z", "2024-01-22") == timedelta(hours=2)
    assert age("2024-01-19T15:00Z", "2024-01-22T11:00") == timedelta(hours=4)
    one_behind = demand[(demand["series_id"] == "a") | (demand["ts"] < "2024-01-17")]
    assert open_age(build(stream, one_behind, series=series), interval=stream.interval) == timedelta(0)


def test_a_panel_without_any_observation_is_refused():
    stream = make_stream(hours=[OFFICE])
    demand = make_demand(stream, "a", since="2024-01-08", until="2024-01-12")
    with pytest.raises(InsufficientHistoryError, match="no demand in open time is known before origin 2024-01-08"):
        build(stream, demand, origin="2024-01-08")
    with pytest.raises(InsufficientHistoryError, match="no demand in open time"):
        build(stream, demand.assign(y=np.nan))
    with pytest.raises(InsufficientHistoryError, match="no demand in open time"):
        build(stream, demand.iloc[:3], origin="2024-01-12")
    with pytest.raises(InsufficientHistoryError, match="no series is known"):
        build(stream, demand, series=make_series())
    with pytest.raises(InsufficientHistoryError, match="no demand in open time"):
        build(stream, demand.iloc[:0])


def test_a_series_with_two_rows_of_attributes_is_refused():
    stream = make_stream()
    demand = make_demand(stream, "a", since="2024-01-08", until="2024-01-12")
    with pytest.raises(ContractError, match="repeated series, for example 'a'"):
        build(stream, demand, series=make_series("a", "a"))


def test_an_origin_off_the_grid_is_refused():
    stream = make_stream()
    demand = make_demand(stream, "a", since="2024-01-08", until="2024-01-12")
    with pytest.raises(SettingsError, match="does not start an interval"):
        build_panel(
            stream, origin=utc("2024-01-10T00:10"), demand=demand, series=make_series("a"), events=make_events()
        )


def test_half_hours_of_the_bank_calls_make_weeks_of_140_columns():
    calls = shared("bank_calls.parquet")
    stream = make_stream(
        interval="30min",
        timezone="America/Toronto",
        start="2003-03-03",
        history="364d",
        hours=[{"mon-fri": "07:00-21:00"}],
    )
    half_hours = calls.assign(ts=calls["ts"].dt.tz_localize(stream.zone).dt.tz_convert("UTC").dt.floor("30min"))
    demand = half_hours.groupby("ts", as_index=False).agg(y=("calls", "sum")).assign(series_id="bank")
    panel = build(stream, demand, origin="2003-09-22", series=make_series("bank"))
    assert (panel.season, panel.max_horizon) == (140, 142)
    assert (panel.n_history, panel.n_horizon) == (29 * 140, 140)
    absent = np.unique(wall_times(panel.ts[: panel.n_history][~panel.observed[0]], stream.zone).astype("datetime64[D]"))
    assert absent.astype(str).tolist() == ["2003-04-04", "2003-04-07", "2003-05-26", "2003-07-04", "2003-09-01"]
    assert panel.y[0, 0] == calls["calls"].iloc[:6].sum()


def test_hours_that_clocks_skip_are_no_columns_and_holes_stay_holes():
    rates = shared("lte_kpi_hourly.parquet")
    rates = rates[rates["ts"].between("2017-01-01", "2017-12-31 23:00")].dropna(subset="value")
    stream = make_stream(timezone="Europe/Berlin", start="2017-01-01", history="365d")
    local = rates["ts"].dt.tz_localize(stream.zone, ambiguous="NaT", nonexistent="NaT")
    demand = pd.DataFrame({"series_id": rates["series_id"], "ts": local.dt.tz_convert("UTC"), "y": rates["value"]})
    series = make_series(*rates["series_id"].unique())
    panel = build(stream, demand.dropna(), origin="2017-12-31", series=series)
    assert panel.n_history == 364 * 24
    known = panel.observed | panel.masked
    assert known.sum() == len(demand.dropna()[demand.dropna()["ts"] < "2017-12-30T23:00Z"])
    wall = wall_times(panel.ts, stream.zone)
    assert np.datetime64("2017-03-26T02:00") not in wall
    assert (wall == np.datetime64("2017-10-29T02:00")).sum() == 2
    assert not panel.observed[:, np.flatnonzero(wall == np.datetime64("2017-10-29T02:00"))].any()


def test_weights_lie_beside_the_values_that_are_used_and_one_where_none_is_given():
    demand = make_demand(make_stream(), "a", "b", since="2024-01-20", until="2024-02-01")
    rng = np.random.default_rng(0)
    demand["weight"] = rng.integers(1, 9, len(demand)).astype(float)
    demand.loc[rng.random(len(demand)) < 0.2, "weight"] = np.nan
    demand = demand[rng.random(len(demand)) < 0.7]
    series = make_series("a", "b")
    panel = build(make_stream(), demand, series=series)
    given = demand.assign(ts=demand["ts"].dt.tz_convert(None)).set_index(["series_id", "ts"])["weight"].fillna(1.0)
    for row, series_id in enumerate(panel.series_ids):
        expected = given[series_id].reindex(panel.ts[: panel.n_history]).fillna(0.0)
        np.testing.assert_array_equal(panel.weight[row], expected)
    assert ((panel.weight > 0) == panel.observed).all()
    assert build(make_stream(), demand.drop(columns="weight"), series=series).weight is None


def test_parts_of_a_panel_keep_their_weights():
    demand = make_demand(make_stream(), "a", "b", since="2024-01-20", until="2024-02-01").assign(weight=2.0)
    demand.loc[demand["series_id"] == "b", "weight"] = 5.0
    panel = build(make_stream(), demand, series=make_series("a", "b"))
    assert (take_series(panel, np.array([1])).weight == 5).all()
    cut = cut_panel(panel, at=40, length=24)
    assert cut.weight.shape == cut.y.shape == (2, 40)


def test_a_mean_near_zero_with_calls_behind_it_is_no_lost_data():
    stream = make_stream(horizon="7d", history="84d")
    demand = make_demand(stream, "a", since="2024-01-01", until="2024-04-01")
    demand["y"] = 100.0 + np.random.default_rng(0).normal(size=len(demand))
    demand.loc[1500:1511, "y"] = np.linspace(0.05, 0.2, 12)
    assert build(stream, demand, origin="2024-04-01").masked.sum() == 12
    panel = build(stream, demand.assign(weight=3.0), origin="2024-04-01")
    assert not panel.masked.any()
    assert panel.observed[0, -(len(demand) - 1500) :][:12].all()
    demand.loc[1700, "y"] = 1e6
    spike = build(stream, demand.assign(weight=3.0), origin="2024-04-01")
    assert spike.masked.sum() == 1
    assert (spike.weight[spike.masked] == 0).all()


def busy_link(seed=0, *, upgraded=True):
    """Hours of a link that was pinned at 80 in its busy time before an upgrade, and reached more since."""
    demand = make_demand(make_stream(), "a", "b", since="2024-01-01", until="2024-04-01")
    hour = np.tile(np.arange(len(demand) // 2), 2)
    wanted = 60 + 40 * np.sin(2 * np.pi * (hour - 8) / 24) + np.random.default_rng(seed).normal(size=len(demand))
    pinned = (wanted > 80) & (demand["series_id"] == "a") & ((hour < 1500) | (not upgraded))
    return demand.assign(y=np.where(pinned, 80.0, wanted), wanted=wanted, censored=pd.array(pinned, "boolean"))


def test_hours_at_a_capacity_that_was_exceeded_since_are_no_stuck_counter():
    stream, series = make_stream(history="84d"), make_series("a", "b")
    demand = busy_link()
    demand.loc[1440:1499, ["y", "censored"]] = [80.0, True]
    unflagged = build(stream, demand.drop(columns="censored"), origin="2024-04-01", series=series)
    assert (unflagged.fault[0] == Fault.STUCK).sum() > 50
    panel = build(stream, demand, origin="2024-04-01", series=series)
    assert not panel.masked.any()
    assert panel.observed.all()
    assert panel.censored[0].sum() > unflagged.masked.sum()


def test_hours_at_a_capacity_hold_the_demand_behind_them():
    stream, series = make_stream(history="84d"), make_series("a", "b")
    demand = busy_link()
    unflagged = build(stream, demand.drop(columns="censored"), origin="2024-04-01", series=series)
    panel = build(stream, demand, origin="2024-04-01", series=series)
    of_a = demand[demand["series_id"] == "a"].iloc[-panel.n_history :]
    np.testing.assert_array_equal(panel.censored[0], of_a["censored"].to_numpy(bool))
    assert not panel.censored[1].any()
    cut = panel.censored[0]
    assert np.abs(panel.y[0] - of_a["wanted"])[cut].mean() < 0.3 * np.abs(of_a["y"] - of_a["wanted"])[cut].mean()
    np.testing.assert_allclose(panel.y[0] - panel.suppressed[0], of_a["y"], rtol=1e-6)
    np.testing.assert_array_equal(panel.y[1], unflagged.y[1])


def test_a_fault_is_no_bound_whatever_the_feed_says():
    demand = busy_link(upgraded=False)
    demand.loc[1900, ["y", "censored"]] = [1e6, True]
    event = make_events(("outage", {"series_id": "b"}, "2024-03-20T00:00Z", "2024-03-21T00:00Z"))
    demand.loc[demand["series_id"] == "b", "censored"] = True
    panel = build(make_stream(history="84d"), demand, origin="2024-04-01", series=make_series("a", "b"), events=event)
    assert (panel.fault[0] == Fault.SPIKE).sum() == 1
    assert (panel.fault[1] == Fault.OUTAGE).sum() == 24
    assert not (panel.censored & panel.masked).any()
    assert (panel.suppressed[panel.masked] == 0).all()


def test_a_panel_without_bounds_is_that_of_a_feed_which_says_nothing_of_them():
    demand = busy_link().drop(columns="wanted")
    plain, empty = demand.drop(columns="censored"), demand.assign(censored=pd.array([None] * len(demand), "boolean"))
    for bounds in (empty, demand.assign(censored=False)):
        panel, same = (build(make_stream(), rows, series=make_series("a", "b")) for rows in (bounds, plain))
        assert panel.censored is panel.suppressed is None
        assert fingerprint(panel) == fingerprint(same)


def test_parts_of_a_panel_keep_their_bounds():
    panel = build(make_stream(history="84d"), busy_link(), origin="2024-04-01", series=make_series("a", "b"))
    part, cut = take_series(panel, np.array([0])), cut_panel(panel, at=400, length=24)
    np.testing.assert_array_equal(part.censored, panel.censored[:1])
    np.testing.assert_array_equal(part.suppressed, panel.suppressed[:1])
    for name in ("y", "censored", "suppressed"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(panel, name)[:, :400])
    assert fingerprint(replace(panel, suppressed=panel.suppressed * 2)) != fingerprint(panel)


def test_history_before_a_new_level_is_restated_at_it():
    panel = make_panel(make_stream(), series=make_series("a", "b"), since="2024-01-08", origin="2024-01-22")
    start = np.array([240, 100])
    moved = replace(panel, level_start=start, level_factor=np.array([2.5, 1.0], np.float32))
    restated = at_present_level(moved)
    assert np.allclose(restated.y[0, :240], np.round(2.5 * panel.y[0, :240]), equal_nan=True)
    assert np.array_equal(restated.y[0, 240:], panel.y[0, 240:], equal_nan=True)
    assert np.array_equal(restated.y[1], panel.y[1], equal_nan=True)
    assert restated.level_start.tolist() == [0, 100]
    assert at_present_level(panel) is panel
