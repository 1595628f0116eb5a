"""The command line as a person meets it; the jobs behind it have tests of their own."""

import json
import re
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.jobs.streams import overview
from tests.feeds import define_stream, deliver, hourly_rows


@pytest.fixture
def home(settings, monkeypatch):
    monkeypatch.setenv("FORECASTING_HOME", str(settings.home))
    define_stream(settings)
    deliver(settings, hourly_rows(days=35))
    return settings


def ask(*arguments: str):
    return CliRunner().invoke(app.app, list(arguments))


def commands(group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group below a group, by what is typed."""
    yield path
    for name in getattr(group, "commands", {}):
        yield from commands(group.commands[name], (*path, name))


EVERY = list(commands(typer.main.get_command(app.app)))


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_command_teaches(command):
    shown = ask(*command, "--help")
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) > 5
    usage = shown.output.splitlines()[0]
    assert "[[" not in usage
    assert "]..." not in usage.replace("[ARGS]...", "").replace("[STREAM]...", "").replace("[VIEW]...", "")
    assert not re.search(r"[{\[][a-z]", usage), "arguments are written in capitals"
    listed = shown.output.partition("Commands:")[2]
    assert "..." not in listed.partition("\n\n")[0], "the first line of a help text fits its list"


def test_commands_are_listed_in_the_order_in_which_they_are_needed():
    listed = ask("--help").output.partition("Commands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(app.IN_ORDER_OF_NEED)
    assert {command[0] for command in EVERY if command} == set(app.IN_ORDER_OF_NEED)


def test_whole_line_and_what_an_analyst_asks_afterwards(home):
    assert ask("run", "usage", "--origin", "2024-02-03").exit_code == 0
    summary = json.loads(ask("run", "usage", "--origin", "2024-02-04", "--json").output)[0]
    assert [step["job"] for step in summary["steps"]] == ["ingest", "train", "forecast", "score"]
    forecast = summary["steps"][2]
    rows = json.loads(ask("sql", "select tier, count(*) as n from analyst.forecast_latest group by 1", "--json").output)
    assert {row["tier"]: row["n"] // 48 for row in rows} == forecast["details"]["tiers"]
    assert sum(forecast["details"]["weights"].values()) == pytest.approx(1, abs=0.03)
    (first, *_) = json.loads(ask("runs", "list", "--json").output)
    assert first["kind"] == "score"
    (model,) = json.loads(ask("models", "list", "--json").output)
    assert (model["stream"], model["verdict"], model["steps"]) == ("usage", "first", "profile 1")
    assert json.loads(ask("quarantine", "list", "--json").output) == []


def test_evaluation_of_a_stream_added_a_minute_ago_is_read_at_a_glance(home):
    shown = ask("evaluate", "usage")
    assert shown.exit_code == 0
    first, *lines = shown.output.splitlines()
    span = "usage: 3 origins from 2024-01-20 00:00 to 2024-02-03 00:00, every 7d, "
    assert first.startswith(f"{span}model usage-20240115-")
    assert [line for line in lines if line.endswith(":")] == ["members:", "combination by days ahead:", "worst series:"]
    assert lines[lines.index("members:") + 2].startswith("combination,0.")
    assert any(line.startswith("The forecast loses ") for line in lines)
    found = json.loads(
        ask("evaluate", "usage", "--from", "2024-01-24", "--to", "2024-01-30", "--every", "3d", "--json").output
    )
    assert [origin[8:10] for origin in found["details"]["origins"]] == ["24", "27", "30"]
    assert {row["series_id"] for row in found["scores"]} == {"*", "a", "b"}


def test_evaluation_that_cannot_be_made_is_one_line(home, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["forecasting", "evaluate", "usage", "--to", "2030-01-01"])
    with pytest.raises(SystemExit) as leave:
        app.main()
    assert leave.value.code == 2
    assert capsys.readouterr().err.startswith(
        "error: stream usage: origin 2030-01-01T00:00:00+00:00 cannot be evaluated"
    )


def test_backfill_reports_each_origin_and_the_sum_of_them(home):
    assert ask("ingest", "usage", "--until", "2024-02-05").exit_code == 0
    span = ("backfill", "usage", "--from", "2024-02-03", "--to", "2024-02-04")
    planned = ask(*span, "--dry-run")
    assert planned.exit_code == 0
    assert planned.output.splitlines() == [
        "2024-02-03  would publish",
        "2024-02-04  would publish",
        "model of 2024-01-29 would train: cold",
        "backfill usage: 2 origins: 2 would publish",
        "nothing was written; without --dry-run this is done",
    ]
    done = ask(*span)
    assert done.exit_code == 0
    first, _, trained, last = done.output.splitlines()
    assert first.startswith("2024-02-03  published, 96 rows (model usage-20240129-")
    assert trained == "model of 2024-01-29 trained"
    assert last == "backfill usage: 2 origins: 2 published"
    shown = json.loads(ask(*span, "--json").output)
    assert shown["counts"] == {"settled": 2}
    assert [origin["origin"][:10] for origin in shown["origins"]] == ["2024-02-03", "2024-02-04"]
    # one origin that fails makes the exit code, the others are issued
    older = ask("backfill", "usage", "--from", "2024-02-04", "--to", "2024-02-06")
    assert (older.exit_code, "1 failed" in older.output) == (3, True)
    assert "2024-02-04  settled" in older.output


@pytest.mark.parametrize("span", [("2024-02-04", "2024-02-03"), ("2024-02-04", "soon")])
def test_backfill_of_no_range_is_one_line(home, monkeypatch, capsys, span):
    monkeypatch.setattr("sys.argv", ["forecasting", "backfill", "usage", "--from", span[0], "--to", span[1]])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: backfill: ")
    assert shown.count("\n") == 1


def test_attach_statement_runs_in_a_plain_duckdb(home):
    import duckdb

    ask("run", "usage", "--origin", "2024-02-03")
    statements = ask("lake", "attach").output
    assert f"for DuckDB {duckdb.__version__}" in statements
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute(statements)
        assert connection.execute("select count(*) from analyst.forecast_latest").fetchall() == [(96,)]


def test_streams_are_listed_shown_and_checked(home):
    listed = {row["stream"] for row in json.loads(ask("streams", "list", "--json").output)}
    assert {"usage", "call_volume", "link_traffic"} <= listed
    assert json.loads(ask("streams", "show", "usage").output)["stream"]["interval"] == "PT1H"
    assert ask("streams", "check", "usage").output.split() == ["ok", "usage"]
    path = home.streams / "usage.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"1h"', '"1 hour"'), encoding="utf-8")
    shown = ask("streams", "check", "usage")
    assert shown.exit_code == 2
    assert "usage.toml:5: stream.interval: expected a duration" in shown.output


def test_streams_in_use_are_the_users_own_and_packaged_ones_with_a_feed(home):
    assert overview.in_use(home) == ["usage"]
    deliver(home, hourly_rows(days=1), "links")
    assert overview.in_use(home) == ["link_peak", "link_traffic", "usage"]


def test_unexpected_failure_is_one_line_too(home, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["forecasting", "streams", "list"])

    def fail(_settings):
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr(overview, "overview", fail)
    with pytest.raises(SystemExit) as leave:
        app.main()
    assert leave.value.code == 1
    assert capsys.readouterr().err == (
        "error: unexpected: RuntimeError: first; `forecasting --verbose ...` shows where it happened\n"
    )


def test_the_card_of_the_pretrained_networks_is_shown():
    shown = ask("models", "card")
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0].startswith("pretrained: ")
    table = lines[lines.index("") + 1 :]
    assert table[0].startswith("forecast,from_day,holds_50,holds_80,holds_90,factor_50")
    assert len(table) > 5
    facts = json.loads(ask("models", "card", "--json").output)
    assert f"{facts['scores']['after two weeks']['relative']:.3f}" in shown.output
