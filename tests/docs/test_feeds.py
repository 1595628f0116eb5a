"""The recipes of docs/feeds.md, run as they stand on small files of the shape that they show."""

import json
import re
import sqlite3
import subprocess
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli.app import app
from forecasting.jobs import ingest
from forecasting.settings import read_settings
from forecasting.store.lake.open import open_lake_to_read
from tests.docs.pages import ROOT, blocks_in, commands_of, text

PAGE = ROOT / "docs" / "feeds.md"
DAYS = 12
FIRST = pd.Timestamp("2024-06-03")


def section(title: str) -> str:
    """A recipe, from its heading to the next."""
    (found,) = (part for part in re.split(r"^## ", text(PAGE), flags=re.MULTILINE) if part.startswith(title))
    return found


def blocks(title: str, language: str = "") -> list[str]:
    return blocks_in(section(title), language)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home in which commands are typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORECASTING_HOME", str(tmp_path))
    for folder in ("feeds", "streams"):
        (tmp_path / folder).mkdir()
    return tmp_path


def run_commands(title: str) -> None:
    for block in blocks(title):
        for words in commands_of(block):
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 0, f"{words}: {done.exception}"


def taken_in(stream: str) -> pd.DataFrame:
    """What a first ingest takes in: series_id, ts, y and weight."""
    settings = read_settings({"FORECASTING_HOME": str(Path.cwd())})
    ingest.run(settings, stream, until=f"{FIRST + pd.Timedelta(days=DAYS - 1):%Y-%m-%d}")
    with open_lake_to_read(settings) as lake:
        query = f"select series_id, ts, y, weight from history.demand where stream = '{stream}' order by series_id, ts"
        return lake.connection.execute(query).df()


def open_half_hours() -> pd.DatetimeIndex:
    moments = pd.date_range(FIRST, periods=48 * DAYS, freq="30min")
    return moments[(moments.hour >= 8) & (moments.hour < 20)]


def test_interval_exports_of_a_contact_centre(home):
    (sample,) = blocks("Interval exports", "csv")
    head, first, *_ = sample.splitlines()
    lines = [head, first, "03.06.2024;08:00;Care;20;250,0"]
    for number, moment in enumerate(open_half_hours()[1:]):
        for queue in ("Sales", "Care"):
            lines.append(f"{moment:%d.%m.%Y;%H:%M};{queue};{10 + number % 7};{280 + number % 5},5")
    (home / "feeds" / "intervals").mkdir()
    (home / "feeds" / "intervals" / "june.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_commands("Interval exports")
    offered = taken_in("offered")
    sql = home / "streams" / "aht.sql"
    weighted = sql.read_text(encoding="utf-8").replace(" as y", ' as y,\n        "Offered"::double as weight', 1)
    sql.write_text(weighted, encoding="utf-8")
    handled = taken_in("aht")
    assert set(offered["series_id"]) == set(handled["series_id"]) == {"Sales", "Care"}
    sales = handled[handled["series_id"] == "Sales"].iloc[0]
    assert (sales["ts"], sales["y"], sales["weight"]) == (pd.Timestamp("2024-06-03 06:00Z"), 301.5, 12)
    rules = blocks("Interval exports", "toml")[0]
    with (home / "streams" / "offered.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{rules}")
    checked = CliRunner().invoke(app, ["streams", "check", "offered", "aht"])
    assert checked.exit_code == 0, checked.output


def test_call_detail_records(home):
    definition, extract, sample = (blocks("Call-detail", kind)[0] for kind in ("toml", "sql", "csv"))
    (home / "streams" / "calls.toml").write_text(definition, encoding="utf-8")
    (home / "streams" / "calls.sql").write_text(extract, encoding="utf-8")
    head, *_ = sample.splitlines()
    lines = [head]
    for number, moment in enumerate(open_half_hours()):
        for queue, calls in (("sales", 3), ("care", number % 2)):
            lines += [f"{len(lines)},{moment + pd.Timedelta(minutes=one)},{queue}" for one in range(calls)]
    (home / "feeds" / "cdr").mkdir()
    (home / "feeds" / "cdr" / "june.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = taken_in("calls")
    assert set(found.loc[found["series_id"] == "sales", "y"]) == {3}
    assert set(found.loc[found["series_id"] == "care", "y"]) == {0, 1}
    assert found["ts"].min() == pd.Timestamp("2024-06-03 12:00Z")


def test_prometheus(home):
    moments = pd.date_range(FIRST, periods=24 * 12 * DAYS, freq="5min", tz="UTC")
    result = [
        {
            "metric": {"instance": "core-1", "interface": name},
            "values": [[int(at.timestamp()), str(level + at.hour)] for at in moments],
        }
        for name, level in (("xe-0", 100), ("xe-1", 200))
    ]
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    (home / "range.json").write_text(json.dumps(answer), encoding="utf-8")
    (home / "feeds" / "prometheus").mkdir()
    duckdb.connect().execute(blocks("Prometheus", "sql")[0])
    run_commands("Prometheus")
    found = taken_in("traffic")
    assert set(found["series_id"]) == {"core-1.xe-0", "core-1.xe-1"}
    first = found[found["ts"] == pd.Timestamp("2024-06-04 06:05Z")]
    assert first["y"].to_list() == [106, 206]
    assert 'aggregate = "mean"' in (home / "streams" / "traffic.toml").read_text(encoding="utf-8")


def test_snmp_counters(home):
    head, blank, *_ = blocks("SNMP")[0].splitlines()
    moments = pd.date_range(FIRST, periods=24 * 12 * DAYS, freq="5min", tz="UTC")
    values = ["-nan -nan" if at.hour == 3 else f"{at.hour:.10e} {1e6:.10e}" for at in moments]
    polls = [f"{int(at.timestamp())}: {value}" for at, value in zip(moments, values, strict=True)]
    (home / "fetch.txt").write_text("\n".join([head, blank, *polls]) + "\n", encoding="utf-8")
    (home / "feeds" / "rrd").mkdir()
    subprocess.run(blocks("SNMP", "sh")[0], shell=True, check=True)
    run_commands("SNMP")
    found = taken_in("ports")
    assert set(found["series_id"]) == {"core-1"}
    assert (found["y"] == found["ts"].dt.tz_convert("UTC").dt.hour).all()
    assert 3 not in set(found["ts"].dt.tz_convert("UTC").dt.hour)
    (home / "feeds" / "counters").mkdir()
    rows = "port,ts,octets\na,2024-06-03 00:00:00,1000\na,2024-06-03 00:05:00,4000\na,2024-06-03 00:10:00,100\n"
    (home / "feeds" / "counters" / "one.csv").write_text(rows, encoding="utf-8")
    rates = duckdb.connect().execute(blocks("SNMP", "sql")[0]).fetchall()
    assert [bits for *_, bits in rates] == [None, 80.0, None]


def test_wide_spreadsheets(home):
    head, *_ = blocks("Wide", "csv")[0].splitlines()
    lines = [f"{at:%Y-%m-%d,%H:%M},{at.hour},{at.hour + 1},{at.hour + 2}" for at in open_half_hours()]
    (home / "feeds" / "desk.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    run_commands("Wide")
    found = taken_in("desk")
    assert set(found["series_id"]) == {"Sales", "Care", "Tech"}
    assert found.loc[found["series_id"] == "Tech", "y"].iloc[0] == 10


def test_databases_and_data_warehouses(home):
    days = pd.date_range(FIRST, periods=DAYS, freq="D").strftime("%Y-%m-%d")
    with duckdb.connect("feeds/shop.duckdb") as connection:
        connection.execute("create table orders (shop varchar, day date, orders integer)")
        connection.executemany("insert into orders values (?, ?, ?)", [("a", day, 5 + k) for k, day in enumerate(days)])
        connection.executemany("insert into orders values (?, ?, ?)", [("b", day, 9 + k) for k, day in enumerate(days)])
    with sqlite3.connect("feeds/shop.sqlite") as connection:
        connection.execute("create table visits (shop text, day text, door text, visits integer)")
        for shop, level in (("a", 3), ("b", 8)):
            rows = [(shop, day, door, level + k) for k, day in enumerate(days) for door in "xy"]
            connection.executemany("insert into visits values (?, ?, ?, ?)", rows)
    run_commands("Databases")
    orders, visits = taken_in("orders"), taken_in("visits")
    assert orders.groupby("series_id")["y"].first().to_dict() == {"a": 5, "b": 9}
    assert visits.groupby("series_id")["y"].first().to_dict() == {"a": 6, "b": 16}
