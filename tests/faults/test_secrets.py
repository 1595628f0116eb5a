"""After a whole cycle with marked secrets none is found in output, logs, tables or files."""

import os
from pathlib import Path

import pytest

from forecasting.settings import Settings, read_settings
from tests.faults.processes import Finished, command
from tests.feeds import EXTRACT, define_stream, deliver, hourly_rows
from tests.postgres import Server

MARK = "marked5ecret"
ORIGIN = "2024-02-12"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("secrets") / "home")})


@pytest.mark.slow
def test_no_marked_secret_is_left_anywhere(settings, server):
    variables = {
        "PGPASSWORD": f"{MARK}-2",
        "AWS_ACCESS_KEY_ID": f"{MARK}-0",
        "AWS_SECRET_ACCESS_KEY": f"{MARK}/3+",
        "USAGE_TOKEN": f"{MARK}-4",
    }
    deliver(settings, hourly_rows(days=42))
    attached = f'[source.attach.bills]\ntype = "postgres"\nuri = "host=127.0.0.1 port=1 password={MARK}-5"\n'
    define_stream(settings, "usage")
    define_stream(settings, "bills", tables=attached)
    define_stream(
        settings, "remote", extract=EXTRACT.replace("read_parquet($feed, union_by_name = true)", "read_csv($feed)")
    )
    remote = settings.streams / "remote.toml"
    text = remote.read_text(encoding="utf-8")
    address = f"http://127.0.0.1:1/x.csv?token=${{USAGE_TOKEN}}&sig={MARK}6&key={MARK}7"
    remote.write_text(text.replace("feeds/remote/*.parquet", address), encoding="utf-8")

    feed = str(settings.home / "feeds" / "usage" / "*.parquet")
    asked = ("--interval", "1h", "--horizon", "2d", "--timezone", "UTC")
    commands = [
        ("streams", "add", "mine", "--feed", feed, *asked),
        ("streams", "add", "far", "--feed", f"http://127.0.0.1:1/x.csv?token={MARK}8", *asked),
        ("streams", "list"),
        ("streams", "show", "remote"),
        ("streams", "show", "bills", "--json"),
        ("streams", "check"),
        ("run", "usage", "remote", "bills", "--origin", ORIGIN),
        ("run", "usage", "remote", "bills", "--origin", ORIGIN, "--json"),
        ("--verbose", "ingest", "bills", "--until", ORIGIN),
        ("plan", "remote", "--origin", ORIGIN),
        ("runs", "list", "--json"),
        ("quarantine", "list"),
        ("sql", "from forecast.runs"),
        ("sql", f"select 'x' as password where password = '{MARK}9'"),
        ("sql", "from duckdb_settings()"),
        ("lake", "attach"),
        ("doctor",),
    ]
    outputs = [_run(settings, *words, **variables) for words in commands]
    server = {
        **variables,
        "FORECASTING_CATALOG": _catalog(server),
        "FORECASTING_DATA": f"s3://KEY:{MARK}/10@bucket/data",
    }
    outputs += [
        _run(settings, *words, **server)
        for words in (
            ("doctor",),
            ("sql", "select 1"),
            ("lake", "attach"),
            ("--verbose", "ingest", "usage", "--until", ORIGIN),
        )
    ]
    for finished in outputs:
        assert MARK not in finished.out + finished.err
    assert any("***" in finished.out for finished in outputs)
    for path in _files(settings.home):
        if path.parent != settings.streams:  # where their owner wrote them
            assert MARK.encode() not in path.read_bytes(), path


def _catalog(server: Server | None) -> str:
    """A database that is not there; a server that is away would be waited for."""
    port = server.port if server else 1
    return f"postgres:host=127.0.0.1 port={port} user=postgres password='{MARK} 1' dbname=missing"


def _run(settings: Settings, *words: str, **variables: str) -> Finished:
    return command(settings, *words, **variables)


def _files(folder: Path) -> list[Path]:
    return [Path(parent) / name for parent, _, names in os.walk(folder) for name in names]
