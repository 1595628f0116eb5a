"""Backfill: past origins as known then, done once, and again only where something could differ."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from forecasting.errors import SettingsError
from forecasting.jobs import backfill, forecast, ingest
from forecasting.jobs.backfill import choose_origins
from forecasting.jobs.common.backfills import Progress
from forecasting.jobs.streams import events
from forecasting.jobs.training import train
from forecasting.settings import Settings, read_settings
from forecasting.terms import ModelChoice
from tests.backfills import (
    FIRST,
    LAST,
    ORIGINS,
    PREDICTED,
    SPOKEN,
    ask,
    fill,
    fill_back,
    frame,
    learn,
    rows_with_clock,
    snapshot,
    statuses,
)
from tests.feeds import deliver
from tests.homes import begin_with
from tests.panel.factories import make_stream


@pytest.fixture
def filled(settings: Settings) -> Settings:
    return begin_with(settings, fill)


def test_every_origin_of_the_range_says_what_a_forecast_of_its_night_says(filled, tmp_path):
    report = fill_back(filled)
    assert [issued.origin.isoformat() for issued in report.origins] == ORIGINS
    assert statuses(report) == ["published"] * 5
    assert report.counts == {"published": 5}
    assert {issued.rows for issued in report.origins} == {96}
    runs = frame(filled, "select * from forecast.runs where kind = 'backfill' order by origin")
    assert runs["run_id"].tolist() == [issued.run_id for issued in report.origins]
    assert runs["model_id"].tolist() == [issued.model_id for issued in report.origins]
    assert set(runs["status"]) == {"published"}
    # the same nights, one after another
    nightly = fill(read_settings({"FORECASTING_HOME": str(tmp_path / "other")}))
    for origin in pd.date_range(FIRST, LAST).strftime("%Y-%m-%d"):
        train.run(nightly, "usage", origin=origin)
        forecast.run(nightly, "usage", origin=origin, kind="nightly")
    pd.testing.assert_frame_equal(frame(filled, PREDICTED), frame(nightly, PREDICTED), check_exact=True)
    assert ask(filled, SPOKEN) == ask(nightly, SPOKEN)
    assert {row[-1] for row in ask(filled, SPOKEN)} == {False}
    assert ask(filled, "select distinct kind from forecast.publications") == [("backfill",)]


def test_the_same_range_again_is_settled_and_writes_nothing(filled):
    first = fill_back(filled)
    before = snapshot(filled)
    again = fill_back(filled)
    assert statuses(again) == ["settled"] * 5
    assert [issued.run_id for issued in again.origins] == [issued.run_id for issued in first.origins]
    assert [issued.model_id for issued in again.origins] == [issued.model_id for issued in first.origins]
    assert again.trained == []
    assert snapshot(filled) == before


def test_only_origins_that_see_what_is_new_are_done_again(filled):
    fill_back(filled)
    learn(filled, "2024-02-04T06:00Z", "2024-02-05T12:00Z")
    report = fill_back(filled)
    assert statuses(report) == ["settled"] * 3 + ["published"] * 2
    assert statuses(fill_back(filled)) == ["settled"] * 5
    replaced = "select origin from forecast.publications where replaces is not null order by 1"
    assert [row[0].isoformat() for row in ask(filled, replaced)] == ORIGINS[3:]


def test_what_became_known_after_the_range_settles_all_of_it(filled):
    fill_back(filled)
    learn(filled, "2024-02-04T06:00Z", "2024-02-07T00:00:01Z")
    assert statuses(fill_back(filled)) == ["settled"] * 5
    learn(filled, "2024-02-04T06:00Z", "2024-02-07T00:00Z", file="at last")
    assert statuses(fill_back(filled)) == ["settled"] * 4 + ["published"]


def test_events_and_attributes_unsettle_the_origins_that_see_them(filled, tmp_path):
    fill_back(filled)
    closure = {"event_id": "c", "kind": "closure", "known_at": "2024-02-06", "starts_at": "2024-02-07"}
    pd.DataFrame([{**closure, "ends_at": "2024-02-08"}]).to_csv(tmp_path / "events.csv", index=False)
    events.import_file(filled, tmp_path / "events.csv")
    report = fill_back(filled)
    assert statuses(report) == ["settled"] * 3 + ["published"] * 2
    assert [issued.rows for issued in report.origins[3:]] == [48, 48]
    # attributes are known from the end of the ingest that brought them
    rows = rows_with_clock()
    deliver(filled, rows.assign(region="north"))
    ingest.run(filled, "usage", until="2024-02-13")
    assert statuses(fill_back(filled)) == ["settled"] * 5
    assert statuses(fill_back(filled, "2024-02-13", "2024-02-13")) == ["published"]


def test_an_origin_whose_feed_was_too_old_is_never_settled(settings):
    rows = rows_with_clock()
    fill(settings, rows[~rows["ts"].between("2024-02-03T16:00Z", "2024-02-03T23:00Z")])
    report = fill_back(settings, FIRST, "2024-02-04")
    assert statuses(report) == ["published", "stale"]
    assert "older than origin" in (report.origins[1].message or "")
    assert statuses(fill_back(settings, FIRST, "2024-02-04")) == ["settled", "unchanged"]


def test_a_night_is_kept_unless_asked_and_what_is_replaced_stays_reachable(filled):
    train.run(filled, "usage", origin=FIRST)
    nightly = forecast.run(filled, "usage", origin=FIRST, kind="nightly").run_id
    assert statuses(fill_back(filled)) == ["settled", *["published"] * 4]
    learn(filled, "2024-02-02T06:00Z", "2024-02-02T23:00Z")
    report = fill_back(filled)
    assert statuses(report) == ["kept", *["published"] * 4]
    assert report.origins[0].run_id == nightly
    assert report.origins[0].message == f"published by nightly run {nightly}; --replace issues it anew"
    predicted = "select * exclude (published_at) from {} where origin = '2024-02-03 00:00:00Z' order by series_id, ts"
    as_published = frame(filled, predicted.format("analyst.forecast_as_of(now())"))
    before = datetime.now(UTC).isoformat()
    assert statuses(fill_back(filled, replace=True)) == ["published", *["settled"] * 4]
    spoken = ask(filled, "select run_id, replaces from forecast.publications where origin = '2024-02-03 00:00:00Z'")
    assert spoken[-1][1] == nightly
    pd.testing.assert_frame_equal(
        frame(filled, predicted.format(f"analyst.forecast_as_of('{before}'::timestamptz)")), as_published
    )
    now = frame(filled, predicted.format("analyst.forecast_as_of(now())"))
    assert set(now["run_id"]) == {spoken[-1][0]}
    assert not now["q50"].equals(as_published["q50"])
    # what a backfill said, the next one may replace
    assert statuses(fill_back(filled)) == ["settled"] * 5


def test_a_night_that_is_published_while_the_backfill_computes_is_spared(filled, monkeypatch):
    learned, nightly = backfill.issue, []

    def slow(session, record, panel, model, **given):
        if not nightly:
            learn(filled, "2024-02-02T06:00Z", "2024-02-02T23:00Z")
            nightly.append(forecast.run(filled, "usage", origin=FIRST, kind="nightly").run_id)
        return learned(session, record, panel, model, **given)

    monkeypatch.setattr(backfill, "issue", slow)
    assert statuses(fill_back(filled, FIRST, FIRST)) == ["unchanged"]
    assert ask(filled, "select run_id from forecast.publications") == [(nightly[0],)]


def test_what_is_ingested_while_a_backfill_runs_is_seen_by_it_or_by_the_next(filled, monkeypatch):
    issue, done = backfill.issue, []

    def then_learn(session, record, panel, model, **given):
        summary = issue(session, record, panel, model, **given)
        done.append(summary)
        if len(done) == 2:
            learn(filled, "2024-02-02T06:00Z", "2024-02-02T23:00Z")
        return summary

    monkeypatch.setattr(backfill, "issue", then_learn)
    assert statuses(fill_back(filled)) == ["published"] * 5
    monkeypatch.setattr(backfill, "issue", issue)
    assert statuses(fill_back(filled)) == ["published"] * 2 + ["settled"] * 3


def test_a_dry_run_tells_and_writes_nothing(filled):
    before = snapshot(filled)
    report = fill_back(filled, dry_run=True)
    assert snapshot(filled) == before
    assert statuses(report) == ["would publish"] * 5
    assert [(trained.status, trained.message) for trained in report.trained] == [("would train", "cold")] * 2
    fill_back(filled, FIRST, "2024-02-04")
    learn(filled, "2024-02-02T06:00Z", "2024-02-03T12:00Z")
    before = snapshot(filled)
    report = fill_back(filled, dry_run=True)
    assert snapshot(filled) == before
    assert statuses(report) == ["settled", "would check"] + ["would publish"] * 3
    told = [(trained.status, trained.message) for trained in report.trained]
    model_id = report.origins[0].model_id
    assert told == [("exists", model_id), ("would train", f"from the weights of {model_id}")]
    assert report.as_dict()["dry_run"] is True
    assert report.origins[1].message == f"published by backfill run {report.origins[1].run_id}"
    champion = fill_back(filled, FIRST, "2024-02-05", models=ModelChoice.CHAMPION, dry_run=True)
    assert statuses(champion) == ["settled", "kept", "would publish"]
    assert snapshot(filled) == before


def test_an_origin_that_fails_does_not_stop_the_others(settings):
    rows = rows_with_clock()
    fill(settings, rows[~rows["ts"].between("2024-02-03T06:00Z", "2024-02-03T23:00Z")])
    report = fill_back(settings, FIRST, "2024-02-05")
    assert statuses(report) == ["published", "failed", "published"]
    failed = report.origins[1]
    assert failed.exit_code == 3
    assert "too old to forecast from" in (failed.message or "")
    assert ask(settings, "select status from forecast.runs where kind = 'backfill' order by origin, started_at") == [
        (status,) for status in statuses(report)
    ]
    assert statuses(fill_back(settings, FIRST, "2024-02-05")) == ["settled", "failed", "settled"]


def test_origins_before_the_data_fail_and_the_others_go_on(filled):
    report = fill_back(filled, "2023-12-31", "2024-01-02")
    assert statuses(report)[:2] == ["failed", "failed"]
    assert report.origins[0].exit_code == 2
    assert "lies before the data" in (report.origins[0].message or "")


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2024-02-07", "2024-02-03", "--from 2024-02-07 lies after --to 2024-02-03"),
        ("yesterday", "2024-02-03", "expected --from and --to to be dates such as 2026-01-31, found .*'yesterday'"),
        ("2024-02-03", "2024-02-30", "to be dates"),
        ("2024-02-03", "2024-02-04T00:00", "to be dates"),
        ("", "2024-02-04", "to be dates"),
    ],
)
def test_a_range_that_is_none_is_refused_in_one_line(filled, since, until, told):
    with pytest.raises(SettingsError, match=told) as refused:
        fill_back(filled, since, until)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2
    assert ask(filled, "select count(*) from forecast.runs where kind <> 'ingest'") == [(0,)]


def test_origins_are_local_days_and_one_for_an_interval_of_several():
    berlin = make_stream(timezone="Europe/Berlin")
    days = choose_origins(berlin, "2024-03-30", " 2024-04-01 ")
    assert [day.isoformat() for day in days] == [
        "2024-03-29T23:00:00+00:00",
        "2024-03-30T23:00:00+00:00",
        "2024-03-31T22:00:00+00:00",
    ]
    assert choose_origins(berlin, "2024-03-31", "2024-03-31") == days[1:2]
    weekly = make_stream(interval="7d", horizon="28d", timezone="Europe/Berlin", history="364d")
    weeks = choose_origins(weekly, "2024-03-20", "2024-04-03")
    assert [week.astimezone(weekly.zone).date().isoformat() for week in weeks] == [
        "2024-03-18",
        "2024-03-25",
        "2024-04-01",
    ]


def test_who_waits_is_told_what_comes_and_what_was_done(filled):
    begun, done = [], []
    report = fill_back(filled, FIRST, "2024-02-05", progress=Progress(begin=begun.append, issued=done.append))
    assert done == report.origins
    assert begun == [
        "train usage at 2024-01-29",
        "backfill usage: 2024-02-03, 1 of 3",
        "backfill usage: 2024-02-04, 2 of 3",
        "train usage at 2024-02-05",
        "backfill usage: 2024-02-05, 3 of 3",
    ]
