"""The whole line over several streams, and what the command line makes of it."""

import json

import pandas as pd
import pytest

from forecasting.errors import FallbackError, FeedError, SettingsError
from forecasting.jobs import forecast, ingest, line, plan, score
from forecasting.jobs.common.session import JobSummary
from forecasting.jobs.training import train
from forecasting.settings import Settings
from tests.contact_centre import CALLS, HANDLES, define_centre
from tests.faults.processes import assert_one_line, command
from tests.feeds import define_stream, deliver, hourly_rows

ORIGIN = "2024-01-29"


def streams_with(settings: Settings, *names: str) -> None:
    for name in names:
        define_stream(settings, name)
        deliver(settings, hourly_rows(days=28), name)


def test_line_takes_its_steps_in_order_and_reports_each(settings):
    streams_with(settings, "calls")
    seen: list[JobSummary] = []
    (outcome,) = line.run(settings, ["calls"], origin=ORIGIN, report=seen.append)
    assert [step.job for step in seen] == ["ingest", "train", "forecast", "score"]
    assert (outcome.stream, outcome.steps, outcome.error) == ("calls", tuple(seen), None)
    json.dumps([step.as_dict() for step in seen])


def test_stream_that_fails_stops_and_the_others_go_on(settings):
    streams_with(settings, "calls", "traffic")
    define_stream(settings, "empty")
    outcomes = line.run(settings, ["empty", "nope", "calls", "traffic"], origin=ORIGIN)
    assert [type(outcome.error) for outcome in outcomes] == [FeedError, SettingsError, type(None), type(None)]
    assert [len(outcome.steps) for outcome in outcomes] == [0, 0, 4, 4]


@pytest.mark.parametrize(("job", "done"), [(ingest, 0), (train, 1), (forecast, 2), (score, 3)])
def test_error_of_a_step_keeps_the_steps_before_it(settings, monkeypatch, job, done):
    def answer(*_, **__):
        return JobSummary(job="step", stream="calls", status="published")

    def fail(*_, **__):
        raise FallbackError("too many")

    for each in (ingest, train, forecast, score):
        monkeypatch.setattr(each, "run", fail if each is job else answer)
    (outcome,) = line.run(settings, ["calls"], origin=ORIGIN)
    assert len(outcome.steps) == done
    assert isinstance(outcome.error, FallbackError)


@pytest.fixture
def done(monkeypatch) -> list[tuple[str, str]]:
    """The steps that are taken, by job and stream; none does anything."""
    steps: list[tuple[str, str]] = []
    for each in (ingest, train, forecast, plan, score):
        name = each.__name__.rpartition(".")[2]

        def note(_settings, stream, *, name=name, **_):
            steps.append((name, stream))
            return JobSummary(job=name, stream=stream, status="published")

        monkeypatch.setattr(each, "run", note)
    return steps


def test_plan_comes_after_all_forecasts(settings, done):
    define_centre(settings)
    streams_with(settings, "usage")
    outcomes = line.run(settings, ["nope", CALLS, "usage", HANDLES], origin=ORIGIN)
    assert [outcome.stream for outcome in outcomes] == ["nope", CALLS, "usage", HANDLES]
    planned = done.index(("plan", CALLS))
    assert {("forecast", CALLS), ("forecast", HANDLES)} <= set(done[:planned])
    assert [job for job, stream in done if stream == CALLS] == ["ingest", "train", "forecast", "plan", "score"]
    assert [job for job, stream in done if stream == HANDLES] == ["ingest", "train", "forecast", "score"]


def test_plan_that_fails_leaves_the_scores_and_is_told(settings, done, monkeypatch):
    define_centre(settings)

    def fail(*_, **__):
        raise FeedError("no forecast")

    monkeypatch.setattr(plan, "run", fail)
    (outcome,) = line.run(settings, [CALLS], origin=ORIGIN)
    assert [job for job, _ in done] == ["ingest", "train", "forecast", "score"]
    assert len(outcome.steps) == 4
    assert isinstance(outcome.error, FeedError)


def test_stream_that_reads_others_comes_after_them_and_goes_on_where_they_failed(settings, done, monkeypatch):
    define_stream(settings, "a_peak", source='reads = ["usage", "other"]')
    for name in ("usage", "other"):
        define_stream(settings, name)
    line.run(settings, ["a_peak", "usage", "other"], origin=ORIGIN)
    assert [stream for job, stream in done if job == "ingest"] == ["usage", "other", "a_peak"]
    done.clear()
    noted = ingest.run

    def fail(settings, stream, **given):
        if stream == "usage":
            raise FeedError("late")
        return noted(settings, stream, **given)

    monkeypatch.setattr(ingest, "run", fail)
    outcomes = line.run(settings, ["a_peak", "usage"], origin=ORIGIN)
    assert [(outcome.stream, len(outcome.steps)) for outcome in outcomes] == [("usage", 0), ("a_peak", 4)]


def test_stream_that_reads_what_is_not_there_is_stopped_before_it_reads(settings, done):
    define_stream(settings, "peak", source='reads = ["usage", "nope"]')
    define_stream(settings, "usage")
    usage, peak = line.run(settings, ["peak", "usage"], origin=ORIGIN)
    assert (len(usage.steps), len(peak.steps)) == (4, 0)
    assert isinstance(peak.error, SettingsError)
    assert "source.reads: stream 'nope' does not exist; there are" in str(peak.error)
    assert ("ingest", "peak") not in done


@pytest.mark.slow
def test_command_runs_every_stream_and_tells_each_error_once(settings):
    streams_with(settings, "calls")
    define_stream(settings, "empty")
    finished = command(settings, "run", "calls", "nope", "empty", "--origin", ORIGIN)
    assert finished.code == 3
    told = finished.err.splitlines()
    assert len(told) == 2
    assert told[0].startswith("error: stream 'nope' does not exist")
    assert told[1].startswith("error: stream empty: feed")
    assert [text.split()[0] for text in finished.out.splitlines() if not text.startswith(" ")] == [
        "ingest",
        "train",
        "forecast",
        "score",
    ]
    again = command(settings, "run", "calls", "nope", "--origin", ORIGIN, "--json")
    assert again.code == 2
    calls, nope = json.loads(again.out)
    assert [step["status"] for step in calls["steps"]] == ["unchanged"] * 4
    assert (nope["steps"], nope["error"]) == ([], told[0].removeprefix("error: "))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("forecast", "nope", "--origin", ORIGIN), 2, "stream 'nope' does not exist; there are"),
        (("forecast", "calls", "--origin", "soon"), 2, "origin 'soon'"),
        (("forecast", "calls", "--origin", "2023-01-01"), 2, "lies before the data"),
        (("forecast", "calls", "--origin", "2024-01-30"), 3, "ingest newer usage"),
        (("ingest", "calls", "--until", "2024-02-20", "--since", "2024-02-10"), 3, "holds no row"),
        (("train", "nope", "--origin", ORIGIN), 2, "does not exist"),
        (("score", "calls", "--origin", "32.1."), 2, "origin"),
        (("sql", "select * from nowhere"), 2, "nowhere"),
        (("sql", "drop table history.demand"), 2, "read-only"),
        (("streams", "show", "nope"), 2, "does not exist"),
        (("events", "import", "missing.csv"), 2, "no such file"),
        (("quarantine", "replay", "nope"), 2, "does not exist"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_known_error_is_one_line_and_its_code(one_stream, arguments, code, told):
    finished = command(one_stream, *arguments)
    assert (finished.code, finished.out) == (code, "")
    assert_one_line(finished.err)
    assert told in finished.err


@pytest.fixture(scope="module")
def one_stream(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a published night."""
    from forecasting.settings import read_settings

    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("line") / "home")})
    streams_with(settings, "calls")
    assert command(settings, "run", "calls", "--origin", ORIGIN).code == 0
    return settings


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "calls", "--until", ORIGIN),
        ("train", "calls", "--origin", ORIGIN),
        ("forecast", "calls", "--origin", ORIGIN),
        ("score", "calls", "--origin", ORIGIN),
        ("sql", "select ts, mean, series_id from analyst.forecast_latest limit 3"),
        ("streams", "list"),
        ("streams", "show", "calls"),
        ("streams", "check", "calls"),
        ("runs", "list"),
        ("models", "list"),
        ("quarantine", "list"),
    ],
    ids=" ".join,
)
def test_json_is_json_and_nothing_else(one_stream, arguments):
    finished = command(one_stream, *arguments, "--json")
    assert (finished.code, finished.err) == (0, "")
    assert isinstance(json.loads(finished.out), dict | list)


@pytest.mark.slow
def test_rows_of_a_query_come_back_as_they_are(one_stream):
    finished = command(
        one_stream, "sql", "select max(ts) as ts, count(*) as rows from analyst.forecast_latest", "--json"
    )
    (row,) = json.loads(finished.out)
    assert pd.Timestamp(row["ts"]) == pd.Timestamp("2024-01-30T23:00Z")
    assert row["rows"] == 96


@pytest.mark.slow
def test_printed_statements_attach_the_lake_in_a_client_of_its_own(one_stream):
    import duckdb

    statements = command(one_stream, "lake", "attach").out
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as client:
        client.execute(statements)
        assert client.execute("select count(*) from analyst.forecast_latest").fetchall() == [(96,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            client.execute("delete from history.demand")
