"""A series whose level is another is held back alone, and comes back: when it has lasted, or on a person's word."""

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ContractError, SettingsError
from forecasting.jobs import ingest
from forecasting.jobs.common.session import JobSummary
from forecasting.jobs.streams import quarantine
from forecasting.settings import Settings
from forecasting.store.lake.lake import as_frame
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import define_stream, deliver, hourly_rows

SERIES = ("a", "b", "c")
STEP = pd.Timestamp("2024-01-09", tz="UTC")


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def stepped(rows: pd.DataFrame, series: str, factor: float, *, at: pd.Timestamp = STEP, days: int = 99) -> pd.DataFrame:
    """Rows of which one series stands at another level from an instant on."""
    inside = (rows["series_id"] == series) & (rows["ts"] >= at) & (rows["ts"] < at + pd.Timedelta(days=days))
    return rows.assign(y=np.where(inside, rows["y"] * factor, rows["y"]))


def ingest_daily(settings: Settings, first: str, last: str) -> dict[str, JobSummary]:
    nights = pd.date_range(first, last, freq="D")
    return {f"{night:%m-%d}": ingest.run(settings, "usage", until=f"{night:%Y-%m-%d}") for night in nights}


def held(settings: Settings, where: str = "true") -> dict[str, int]:
    return dict(ask(settings, f"select series_id, count(*) from history.demand where {where} group by 1 order by 1"))


def waiting(settings: Settings) -> dict[str, int]:
    return dict(
        ask(
            settings,
            "select series_id, count(*) from history.quarantine where resolved_at is null group by 1 order by 1",
        )
    )


def current(settings: Settings) -> pd.DataFrame:
    """What the lake holds, the newest version of each value."""
    query = "select series_id, ts, arg_max_null(y, available_at) as y from history.demand group by all order by all"
    with open_lake_to_read(settings) as lake:
        return as_frame(lake.connection.execute(query))


def assert_whole(settings: Settings, rows: pd.DataFrame, until: str) -> None:
    """Every row of the feed up to an instant is in the history, once and with its value."""
    expected = rows[rows["ts"] < pd.Timestamp(until, tz="UTC")].sort_values(["series_id", "ts"])
    found = current(settings)
    assert found["series_id"].tolist() == expected["series_id"].tolist()
    np.testing.assert_allclose(found["y"], expected["y"])


@pytest.mark.parametrize("factor", [1000.0, 1 / 1000])
@pytest.mark.parametrize("lookback", ["1d", "3d"])
def test_one_series_waits_while_the_others_go_on_and_is_back_when_its_level_has_lasted(settings, factor, lookback):
    define_stream(settings, source=f'lookback = "{lookback}"')
    rows = stepped(hourly_rows(days=16, series=SERIES), "a", factor)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    nights = ingest_daily(settings, "2024-01-10", "2024-01-12")
    assert nights["01-10"].status == "published"
    assert nights["01-10"].rows == 2 * 24
    for words in (
        "series a: 24 values since 2024-01-09 00:00",
        "its usual level",
        "quarantine accept usage --series a",
    ):
        assert words in nights["01-10"].message
    assert "series a: 48 values since 2024-01-09 00:00" in nights["01-11"].message
    assert "taken in as a level shift" in nights["01-11"].message
    assert nights["01-12"].message is None
    assert waiting(settings) == {}
    assert_whole(settings, rows, "2024-01-12")
    known = ask(
        settings, "select distinct available_at from history.demand where series_id = 'a' and ts::date = '2024-01-09'"
    )
    assert [at for (at,) in known] == [pd.Timestamp("2024-01-11", tz="UTC")]
    decided = ask(
        settings, "select series_id, since, round(log10(factor)), accepted_by, known_at from history.acceptances"
    )
    assert decided == [("a", STEP, np.sign(factor - 1) * 3, "lasted", pd.Timestamp("2024-01-11", tz="UTC"))]


def test_quarantine_keeps_what_the_feed_forgets(settings):
    define_stream(settings, source='lookback = "1h"')
    rows = stepped(hourly_rows(days=12, series=SERIES), "a", 1000)
    deliver(settings, rows)
    ingest_daily(settings, "2024-01-09", "2024-01-10")
    deliver(settings, rows[rows["ts"] >= STEP + pd.Timedelta("23h")])
    ingest.run(settings, "usage", until="2024-01-11")
    assert_whole(settings, rows, "2024-01-11")


def test_person_takes_the_level_in_at_once_even_where_the_feed_is_gone(settings):
    define_stream(settings)
    rows = stepped(hourly_rows(days=12, series=SERIES), "a", 1000)
    path = deliver(settings, rows)
    ingest_daily(settings, "2024-01-09", "2024-01-10")
    before = ask(settings, "select * from analyst.history_as_of('2024-01-09T23:00:00Z'::timestamptz) order by all")
    path.unlink()
    summary = quarantine.accept(settings, "usage", series=["a"], by="ann")
    assert (summary.rows, summary.details) == (24, {"levels": 24, "left_out": 0})
    assert waiting(settings) == {}
    assert_whole(settings, rows, "2024-01-10")
    known_then = "select * from analyst.history_as_of('2024-01-09T23:00:00Z'::timestamptz) order by all"
    assert ask(settings, known_then) == before
    assert ask(settings, "select series_id, reason, rows, accepted_by, known_at from history.acceptances") == [
        ("a", "unit_scale", 24, "ann", pd.Timestamp("2024-01-10", tz="UTC"))
    ]
    deliver(settings, rows)
    assert ingest.run(settings, "usage", until="2024-01-11").message is None
    assert_whole(settings, rows, "2024-01-11")


def test_accepting_twice_or_what_does_not_wait_changes_nothing(settings):
    define_stream(settings)
    deliver(settings, stepped(hourly_rows(days=12, series=SERIES), "a", 1000))
    ingest_daily(settings, "2024-01-09", "2024-01-10")
    with pytest.raises(SettingsError, match="nothing waits of series 'b'; rows wait of a"):
        quarantine.accept(settings, "usage", series=["b"], by="ann")
    quarantine.accept(settings, "usage", by="ann")
    assert quarantine.accept(settings, "usage", by="ann").status == "unchanged"
    assert held(settings) == {"a": 9 * 24, "b": 9 * 24, "c": 9 * 24}


def test_repeated_night_counts_nothing_twice(settings):
    define_stream(settings)
    deliver(settings, stepped(hourly_rows(days=12, series=SERIES), "a", 1000))
    for night in ("2024-01-09", "2024-01-10", "2024-01-10", "2024-01-10"):
        ingest.run(settings, "usage", until=night)
    assert ask(settings, "select count(*) from history.quarantine") == [(24,)]
    assert quarantine.replay(settings, "usage").details == {"waiting_before": 24, "waiting_after": 24}
    assert ask(settings, "select count(*) from history.quarantine") == [(24,)]


def test_level_that_lasted_one_day_waits_for_a_person_and_does_not_hold_up_the_series(settings):
    define_stream(settings, source='lookback = "1d"')
    rows = stepped(hourly_rows(days=20, series=SERIES), "a", 1000, days=1)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    ingest_daily(settings, "2024-01-10", "2024-01-20")
    assert waiting(settings) == {"a": 24}
    assert held(settings) == {"a": 18 * 24, "b": 19 * 24, "c": 19 * 24}
    quarantine.accept(settings, "usage", by="ann")
    assert_whole(settings, rows, "2024-01-20")


def test_level_that_was_put_right_at_the_source_is_resolved(settings):
    define_stream(settings)
    rows = hourly_rows(days=12, series=SERIES)
    deliver(settings, stepped(rows, "a", 1000))
    ingest_daily(settings, "2024-01-09", "2024-01-10")
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-11")
    assert waiting(settings) == {}
    assert_whole(settings, rows, "2024-01-11")


@pytest.mark.parametrize("both", [{"a": 1200, "b": 400}, {"a": 1000, "b": 1 / 1000}, {"a": 1000, "b": 1000}])
def test_two_series_at_once_leave_the_others_alone(settings, both):
    define_stream(settings)
    rows = hourly_rows(days=12, series=SERIES)
    for series, factor in both.items():
        rows = stepped(rows, series, factor)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    nights = ingest_daily(settings, "2024-01-10", "2024-01-11")
    assert nights["01-10"].rows == 24
    assert_whole(settings, rows, "2024-01-11")


@pytest.mark.parametrize("series", [("a",), ("a", "b")])
def test_one_of_two_and_the_only_one_are_held_back_and_come_back(settings, series):
    define_stream(settings)
    rows = stepped(hourly_rows(days=12, series=series), "a", 1000)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    nights = ingest_daily(settings, "2024-01-10", "2024-01-11")
    assert nights["01-10"].rows == 24 * (len(series) - 1)
    assert_whole(settings, rows, "2024-01-11")


def test_unit_of_the_whole_feed_is_refused_until_a_person_accepts_it(settings):
    define_stream(settings)
    rows = hourly_rows(days=16, series=SERIES)
    for series in SERIES:
        rows = stepped(rows, series, 1000)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    for night in ("2024-01-10", "2024-01-12", "2024-01-14"):
        with pytest.raises(
            ContractError, match=r"nearly every series stands at about .* quarantine accept usage"
        ) as told:
            ingest.run(settings, "usage", until=night)
        assert told.value.exit_code == 3
    assert held(settings) == dict.fromkeys(SERIES, 8 * 24)
    quarantine.accept(settings, "usage", by="ann")
    assert ingest.run(settings, "usage", until="2024-01-14").message is None
    assert ingest.run(settings, "usage", until="2024-01-15").message is None
    assert waiting(settings) == {}
    assert_whole(settings, rows, "2024-01-15")


@pytest.mark.parametrize("keys", [SERIES, SERIES[:2]])
def test_word_on_one_series_takes_in_no_other_of_a_unit_that_changed_for_all(settings, keys):
    define_stream(settings)
    rows = hourly_rows(days=18, series=keys)
    for series in keys:
        rows = stepped(rows, series, 1000)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    for night in ("2024-01-10", "2024-01-13"):
        with pytest.raises(ContractError, match="nearly every series"):
            ingest.run(settings, "usage", until=night)
    first, *others = keys
    quarantine.accept(settings, "usage", series=[first], by="ann")
    for night in ("2024-01-13", "2024-01-14", "2024-01-17"):
        told = ingest.run(settings, "usage", until=night).message
        assert all(f"series {other}" in told for other in others)
        assert "nobody accepted" in told
    assert held(settings) == {first: 16 * 24, **dict.fromkeys(others, 8 * 24)}
    quarantine.accept(settings, "usage", by="ann")
    assert ingest.run(settings, "usage", until="2024-01-18").message is None
    assert_whole(settings, rows, "2024-01-18")


def test_half_of_the_series_doubled_is_no_unit(settings):
    define_stream(settings)
    rows = stepped(stepped(hourly_rows(days=12, series=(*SERIES, "d")), "a", 2), "b", 2)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    assert ingest.run(settings, "usage", until="2024-01-10").message is None
    assert_whole(settings, rows, "2024-01-10")


@pytest.mark.parametrize(("interval", "back"), [("1D", "2024-03-12"), ("7D", "2024-03-25")])
def test_series_of_days_and_weeks_come_back_after_two_values(settings, interval, back):
    define_stream(settings, interval=interval.lower(), horizon="28d", source='lookback = "14d"')
    ts = pd.date_range("2024-01-01", "2024-04-01", freq=interval, tz="UTC")
    rows = pd.concat([pd.DataFrame({"series_id": key, "ts": ts, "y": 50.0 + np.arange(len(ts)) % 3}) for key in SERIES])
    rows = stepped(rows.reset_index(drop=True), "a", 1000, at=pd.Timestamp("2024-03-10", tz="UTC"))
    deliver(settings, rows)
    step = pd.Timedelta(interval)
    first = ts[ts >= pd.Timestamp("2024-03-10", tz="UTC")][0]
    ingest.run(settings, "usage", until=f"{first:%Y-%m-%d}")
    ingest.run(settings, "usage", until=f"{first + step:%Y-%m-%d}")
    assert waiting(settings) == {"a": 1}
    ingest.run(settings, "usage", until=f"{first + 2 * step:%Y-%m-%d}")
    assert f"{first + 2 * step:%Y-%m-%d}" == back
    assert waiting(settings) == {}
    assert_whole(settings, rows, back)


def test_quiet_weekends_and_single_bursts_are_no_other_level(settings):
    define_stream(settings, source='lookback = "1h"')
    rows = hourly_rows(days=40, series=SERIES)
    weekend = rows["ts"].dt.day_of_week >= 5
    rows = rows.assign(y=np.where((rows["series_id"] == "a") & weekend, 0.2, rows["y"] + 1))
    burst = (rows["series_id"] == "b") & (rows["ts"] == pd.Timestamp("2024-02-06 09:00", tz="UTC"))
    rows = rows.assign(y=np.where(burst, 500 * rows["y"], rows["y"]))
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-31")
    nights = ingest_daily(settings, "2024-02-01", "2024-02-08")
    assert {night.message for night in nights.values()} == {None}
    assert_whole(settings, rows, "2024-02-08")


def test_feed_with_its_own_clock_knows_a_level_when_it_was_believed(settings):
    define_stream(settings)
    rows = stepped(hourly_rows(days=12, series=SERIES), "a", 1000)
    rows = rows.assign(available_at=rows["ts"] + pd.Timedelta("1h"))
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    ingest_daily(settings, "2024-01-10", "2024-01-11")
    night = "series_id = 'a' and ts >= '2024-01-09 00:00:00Z' and ts < '2024-01-10 00:00:00Z'"
    known = ask(settings, f"select min(available_at), max(available_at) from history.demand where {night}")
    assert known == [(pd.Timestamp("2024-01-11", tz="UTC"),) * 2]


def test_series_that_goes_back_to_its_old_level_is_followed_too(settings):
    define_stream(settings, source='lookback = "1d"')
    rows = stepped(hourly_rows(days=25, series=SERIES), "a", 1000, days=6)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    ingest_daily(settings, "2024-01-10", "2024-01-20")
    assert waiting(settings) == {}
    assert_whole(settings, rows, "2024-01-20")


def test_small_counts_are_held_back_and_come_back_too(settings):
    define_stream(settings)
    rows = stepped(hourly_rows(days=12, series=SERIES, level=1.0), "a", 1000)
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-01-09")
    ingest_daily(settings, "2024-01-10", "2024-01-12")
    assert waiting(settings) == {}
    assert_whole(settings, rows, "2024-01-12")
