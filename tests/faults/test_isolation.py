"""One stream's trouble, whatever it is, stops no other stream and no command."""

import json

import pytest

from forecasting.cli import app
from forecasting.errors import UnexpectedError
from forecasting.jobs import backfill, forecast, ingest, line
from forecasting.jobs.streams import overview
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import define_stream, deliver, hourly_rows
from tests.unreadable import DAMAGES

ORIGIN = "2024-01-29"
SOUND = ["reader", "traffic", "voice"]
READS = """-- What another stream knows.
select series_id, ts, y
from read_parquet('{feed}')
where ts >= $since and ts < $until
"""


@pytest.fixture
def broken(settings) -> Settings:
    """A home with three sound streams, one of which reads a broken one, among definitions broken in every way."""
    for name in ("voice", "traffic"):
        define_stream(settings, name)
        deliver(settings, hourly_rows(days=28), name)
    feed = settings.home / "feeds" / "voice" / "feed.parquet"
    source = f'reads = ["voice", "broken_folder"]\nallow = ["{feed}"]'
    define_stream(settings, "reader", source=source, extract=READS.format(feed=feed))
    path = settings.streams / "reader.toml"
    text = path.read_text(encoding="utf-8").replace('feed = "feeds/reader/*.parquet"\n', "")
    path.write_text(text, encoding="utf-8")
    for damage in DAMAGES:
        damage(settings, f"broken_{damage.__name__}")
        deliver(settings, hourly_rows(days=28), f"broken_{damage.__name__}")
    return settings


@pytest.fixture
def ask(monkeypatch, capsys):
    """Run a command as a person does; its exit code and what it printed on both streams."""

    def run(settings: Settings, *arguments: str) -> tuple[int, str, list[str]]:
        for name, value in settings.as_environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["forecasting", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err.splitlines()

    return run


def published(settings: Settings) -> list[tuple[str, int]]:
    with open_lake_to_read(settings) as lake:
        query = "select stream, count(*) from analyst.forecast_latest group by all order by all"
        return lake.connection.execute(query).fetchall()


def test_with_definitions_broken_in_every_way_every_other_stream_is_forecast(broken, ask):
    code, out, err = ask(broken, "run", "--origin", ORIGIN, "--json")
    assert published(broken) == [(name, 96) for name in SOUND]
    outcomes = {outcome["stream"]: outcome for outcome in json.loads(out)}
    assert [name for name, outcome in outcomes.items() if outcome["error"] is None] == ["traffic", "voice", "reader"]
    assert (code, len(err)) == (2, len(DAMAGES))
    for damage in DAMAGES:
        (line_of,) = [text for text in err if f"broken_{damage.__name__}." in text or f"{damage.__name__} (" in text]
        assert line_of.startswith(f"error: {broken.streams}/broken_{damage.__name__}")


def test_every_command_goes_on_beside_broken_definitions(broken, ask):
    for name in ("traffic", "voice"):
        ingest.run(broken, name, until=ORIGIN)
    span = ("--from", "2024-01-28", "--to", ORIGIN)
    for command in [
        ("train", "voice", "--origin", ORIGIN),
        ("forecast", "voice", "--origin", ORIGIN),
        ("score", "voice", "--origin", ORIGIN),
        ("backfill", "voice", *span),
        ("models", "list"),
        ("runs", "list"),
        ("quarantine", "list"),
        ("sql", "select count(*) from analyst.forecast_latest"),
        ("maintain",),
        ("streams", "show", "voice"),
        ("streams", "check", *SOUND),
    ]:
        code, out, err = ask(broken, *command)
        assert (code, err) == (0, []), command
        assert out, command


def test_lists_and_checks_name_every_broken_file_and_what_is_sound(broken, ask):
    code, out, err = ask(broken, "streams", "list", "--json")
    unreadable = [text for text in err if text.startswith("error: ")]
    # a definition can be read where only its SQL cannot
    assert (code, len(unreadable), len(err)) == (2, len(DAMAGES) - 3, len(DAMAGES) - 3)
    rows = {row["stream"]: row for row in json.loads(out)}
    assert {rows[name]["interval"] for name in SOUND} == {"1h"}
    assert {name for name, row in rows.items() if not row["interval"]} < {*overview.names(broken)}
    for command in (("streams", "check"), ("doctor",)):
        code, out, err = ask(broken, *command)
        assert (code, err) == (2, []), command
        assert sum(text.startswith("error ") and "broken_" in text for text in out.splitlines()) == len(DAMAGES), (
            command
        )
        assert all(any(text.startswith("ok ") and name in text for text in out.splitlines()) for name in SOUND), command


def test_a_surprise_in_one_stream_is_its_own_and_its_traceback_is_for_the_log(settings, monkeypatch, ask):
    for name in ("voice", "traffic"):
        define_stream(settings, name)
        deliver(settings, hourly_rows(days=28), name)
    sound = forecast.panel_as_of

    def surprise(lake, stream, origin):
        if stream.name == "voice":
            raise IndexError("index 7 is out of bounds\nsecond line")
        return sound(lake, stream, origin)

    monkeypatch.setattr(forecast, "panel_as_of", surprise)
    code, _, err = ask(settings, "run", "--origin", ORIGIN)
    assert published(settings) == [("traffic", 96)]
    hint = "`forecasting --verbose ...` shows where it happened"
    assert (code, err) == (
        1,
        [f"error: stream voice: forecast: unexpected: IndexError: index 7 is out of bounds; {hint}"],
    )
    with open_lake_to_read(settings) as lake:
        query = "select status, message from forecast.runs where stream = 'voice' and kind = 'manual'"
        runs = lake.connection.execute(query).fetchall()
    assert runs == [("failed", "unexpected: IndexError: index 7 is out of bounds")]


class Panic(BaseException):
    """As a library in Rust raises it."""


@pytest.mark.parametrize("surprise", [Panic("index"), RecursionError("deep"), MemoryError()], ids=repr)
def test_no_kind_of_surprise_passes_to_the_next_stream(settings, monkeypatch, surprise):
    taken = []

    def work(_settings, stream, **_):
        taken.append(stream)
        raise surprise

    monkeypatch.setattr(ingest, "run", work)
    outcomes = line.run(settings, ["voice", "traffic"], origin=ORIGIN)
    assert taken == ["voice", "traffic"]
    assert {type(outcome.error) for outcome in outcomes} == {UnexpectedError}


def test_an_interruption_is_no_surprise(settings, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        line.run(settings, ["voice", "traffic"], origin=ORIGIN)


def test_a_surprise_at_one_origin_of_a_backfill_leaves_the_others(settings, monkeypatch):
    define_stream(settings, "voice")
    deliver(settings, hourly_rows(days=28), "voice")
    ingest.run(settings, "voice", until=ORIGIN)
    sound = backfill.issue

    def issue(session, record, *given, **named):
        if record.origin.day == 28:
            raise ZeroDivisionError("division by zero")
        return sound(session, record, *given, **named)

    monkeypatch.setattr(backfill, "issue", issue)
    report = backfill.run(settings, "voice", since="2024-01-27", until=ORIGIN)
    assert [str(one.status) for one in report.origins] == ["published", "failed", "published"]
    assert "unexpected: ZeroDivisionError: division by zero" in str(report.origins[1].message)
