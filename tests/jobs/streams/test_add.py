"""Adding a stream: it is tried, shown, then written; what is added is never refused whole by the first ingest."""

import json
from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import duckdb
import pytest
from typer.testing import CliRunner

from forecasting.cli.app import app
from forecasting.errors import FeedError, ForecastingError, SettingsError
from forecasting.jobs import ingest
from forecasting.jobs.streams import add, overview
from forecasting.jobs.streams.add import NewStream
from tests.jobs.feeds.exports import ZONE, Export

ROWS = [f"2024-01-{day:02d} {hour:02d}:00" for day in range(1, 29) for hour in range(8, 20)]


@pytest.fixture
def home(settings, monkeypatch):
    """A home that the command line uses too, with a folder of feeds."""
    (settings.home / "feeds").mkdir(parents=True)
    monkeypatch.setenv("FORECASTING_HOME", str(settings.home))
    return settings.home


def write(home, rows, name="calls.csv", heading="ts;queue;calls"):
    path = home / "feeds" / name
    path.write_text("\n".join([heading, *(f"{ts};help;{y}" for ts, y in rows)]) + "\n")
    return str(path)


def call(*words):
    return CliRunner().invoke(app, ["streams", "add", "mine", "--horizon", "7d", "--timezone", ZONE, *words])


def test_a_dry_run_shows_the_feed_and_writes_nothing(home):
    done = call("--feed", write(home, [(ts, "8,5") for ts in ROWS]), "--dry-run")
    assert done.exit_code == 0, done.output
    for shown in (
        "demand",
        "8.5",
        "336 good",
        "2024-01-01 08:00 to 2024-01-28 19:00",
        "decimal comma",
        "█",
        "with feed as",
    ):
        assert shown in done.output
    assert "nothing was written" in done.output
    assert not (home / "streams").exists()


def test_names_that_look_like_markup_are_shown_as_they_are(home):
    feed = write(home, [(ts, 5) for ts in ROWS], heading="ts;queue [/bold];calls [l/s] :phone:")
    done = call("--feed", feed, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "queue [/bold]" in done.output
    assert "calls [l/s] :phone:" in done.output


def test_the_report_is_json_for_machines(home):
    done = call("--feed", write(home, [(ts, 5) for ts in ROWS]), "--json")
    told = json.loads(done.output)
    assert told["report"]["columns"] == {"ts": "time", "queue": "series", "calls": "demand"}
    assert told["report"]["verdicts"] == {"good": 336}
    assert told["report"]["rows"][0]["stands"]["calls"] == "5"
    assert (home / "streams" / "mine.sql").exists()


def test_a_dry_run_for_machines_holds_the_sql(home):
    dry = json.loads(call("--feed", write(home, [(ts, 5) for ts in ROWS]), "--json", "--dry-run").output)
    assert dry["sql"].startswith("-- Demand of stream mine")
    assert not (home / "streams").exists()


@pytest.mark.parametrize(("said", "written"), [("y\n", True), ("\n", True), ("n\n", False), ("", False)])
def test_a_person_at_a_terminal_is_asked_before_anything_is_written(home, monkeypatch, said, written):
    # nothing said is an input that was closed
    monkeypatch.setattr("forecasting.cli.streams.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    feed = write(home, [(ts, 5) for ts in ROWS])
    words = ["streams", "add", "mine", "--horizon", "7d", "--timezone", ZONE, "--feed", feed]
    done = CliRunner().invoke(app, words, input=said)
    assert "Write this stream?" in done.output
    assert (done.exit_code == 0) == written
    assert (home / "streams" / "mine.sql").exists() == written


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_packed_files_are_added_and_ingested(settings, home, ending):
    plain = write(home, [(ts, 5) for ts in ROWS])
    packed = f"{plain}.{ending}"
    lines = f"read_csv('{plain}', delim = ';', all_varchar = true)"
    with duckdb.connect() as connection:
        kind = {"gz": "gzip", "zst": "zstd"}[ending]
        connection.execute(f"copy (from {lines}) to '{packed}' (format csv, delimiter ';', compression {kind})")
    add.add(settings, NewStream(name="mine", feed=packed, horizon="7d", timezone=ZONE))
    assert ingest.run(settings, "mine").rows == len(ROWS)


def test_a_question_is_one_line_and_writes_nothing(home):
    done = call("--feed", write(home, [(ts, "1.062") for ts in ROWS]))
    assert isinstance(done.exception, SettingsError)
    assert "say --decimal point" in str(done.exception)
    assert not (home / "streams").exists()
    assert call("--feed", str(home / "feeds" / "calls.csv"), "--decimal", "comma").exit_code == 0


@pytest.mark.parametrize(
    "export",
    [
        Export(1, separator=";", decimal=",", digits=1, thousands=".", dates="day first", keys=2, unknown="NaN"),
        Export(2, dates="epoch", keys=1, interval="15min"),
        Export(3, separator="\t", dates="month first", clock="half days", wide=True, unknown="#N/A", days=15),
        Export(4, dates="day first, points", apart=True, encoding="latin-1", interval="30min", preamble=True),
        Export(5, dates="iso", interval="1d", days=40, keys=0),
        Export(6, dates="serial", encoding="utf-16", separator="|"),
    ],
)
def test_what_is_added_is_ingested(settings, tmp_path, export):
    path, meant = export.write(tmp_path)
    added = add.add(settings, NewStream(name="mine", feed=str(path), horizon="7d", timezone=ZONE))
    assert overview.check(settings, ["mine"])[0].verdict == "ok"
    summary = ingest.run(settings, "mine", until=added.origin)
    assert summary.details["rejected"] == 0
    until = datetime.fromisoformat(added.origin).replace(tzinfo=ZoneInfo(ZONE))
    assert summary.rows == sum(value is not None and ts < until for (_, ts), value in meant.items())


def test_a_local_time_that_does_not_exist_is_asked_about(settings, home):
    # every hour of a year in UTC, taken for local time: clocks skip one and show one twice
    rows = [(f"2024-03-10 {hour:02d}:00", 5) for hour in range(24)]
    with pytest.raises(FeedError, match=r"nonexistent_local_time .* say another --timezone or --ts-timezone UTC"):
        add.add(settings, NewStream(name="mine", feed=write(home, rows), horizon="7d", timezone=ZONE))
    new = NewStream(name="mine", feed=write(home, rows), horizon="7d", timezone=ZONE, ts_timezone="UTC")
    assert add.add(settings, new).rows == 24


def grown(settings, home, rows, heading="ts;queue;calls"):
    """A stream of two files: the first month as it was added, then another file."""
    write(home, [(ts, "8,5") for ts in ROWS], name="2024-01.csv")
    feed = str(home / "feeds" / "*.csv")
    added = add.add(settings, NewStream(name="mine", feed=feed, horizon="7d", timezone=ZONE))
    ingest.run(settings, "mine", until=added.origin)
    write(home, rows, name="2024-02.csv", heading=heading)
    with pytest.raises(ForecastingError) as caught:
        ingest.run(settings, "mine", until="2024-03-01")
    return str(caught.value)


FEBRUARY = [ts.replace("-01-", "-02-") for ts in ROWS]


def test_a_column_that_vanished_is_named_with_its_file(settings, home):
    message = grown(settings, home, [(ts, "8,5") for ts in FEBRUARY], heading="ts;queue;anrufe")
    assert "2024-02.csv: column 'calls' is missing, which" in message


def test_a_format_that_changed_is_named_with_its_file(settings, home):
    message = grown(settings, home, [(ts.replace("-", "/"), "8,5") for ts in FEBRUARY])
    assert "unparsable_ts" in message
    assert "such as 'no time: 2024/02/01 08:00', in " in message
    assert "2024-02.csv" in message


def test_a_decimal_mark_that_changed_is_named_with_its_file(settings, home):
    message = grown(settings, home, [(ts, "8.5") for ts in FEBRUARY])
    assert "such as 'unreadable: 8.5', in " in message
