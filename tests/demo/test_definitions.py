"""The shipped stream definitions, their SQL and the events feed."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from forecasting.config.stream import Stream, parse_stream
from forecasting.demo.feeds import CALLS_START, LINKS_START, write_events_feed
from forecasting.store.lake.sql import sql_files
from forecasting.terms import EventKind
from tests.demo.extracts import SQL

DEFINITIONS = SQL.parent.parent / "forecasting" / "definitions"


def read_definition(name: str) -> Stream:
    path = DEFINITIONS / f"{name}.toml"
    return parse_stream(path.read_text(), path=str(path))


@pytest.mark.parametrize(
    ("name", "start"), [("call_volume", CALLS_START), ("call_aht", CALLS_START), ("link_traffic", LINKS_START)]
)
def test_definition_fits_the_generated_period_and_names_sql_with_the_agreed_parameters(name, start):
    stream = read_definition(name)
    assert stream.name == name
    assert stream.source.start == start
    for file in (stream.source.extract, stream.source.extract.replace(".sql", ".rejects.sql")):
        assert sql_files(None).read(file).parameters == {"since", "until", "feed"}


def test_events_extract_returns_what_was_written(tmp_path: Path):
    written = write_events_feed(tmp_path / "events.csv")
    with duckdb.connect() as connection:
        rows = connection.execute((SQL / "events.sql").read_text(), {"feed": str(tmp_path / "events.csv")}).df()
    assert list(rows.columns) == list(written.columns)
    assert list(rows["event_id"]) == list(written["event_id"])
    assert (pd.to_datetime(rows["starts_at"]) == written["starts_at"]).all()
    assert set(rows["kind"]) == set(EventKind) - {EventKind.SURGE, EventKind.DEMAND}
    assert rows.loc[0, ["stream", "skill"]].to_list() == ["call_volume", "sales"]
