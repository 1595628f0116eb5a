"""Series with their attributes as columns: views that follow what is ingested, whatever attributes are called."""

import pytest

from forecasting.store.lake.open import open_lake
from forecasting.store.series_views import name_columns, refresh_series_views
from tests.publications import ask

INSERT = """
insert into history.series by name
select $stream as stream, $series as series_id, timestamptz '2024-01-01' as valid_from, valid_from as known_at,
    map_from_entries($attributes::struct(k varchar, v varchar)[]) as attributes, 'pull' as run_id
"""


@pytest.fixture
def lake(settings):
    with open_lake(settings) as opened:
        yield opened


def put(lake, stream: str, series: str, **attributes: str) -> None:
    pairs = [{"k": key, "v": value} for key, value in attributes.items()]
    lake.connection.execute(INSERT, {"stream": stream, "series": series, "attributes": pairs})


def test_attributes_are_columns_and_new_ones_come(lake):
    put(lake, "calls", "a", region="qc")
    assert refresh_series_views(lake) == ["series_calls"]
    put(lake, "calls", "b", region="on", queue="sales")
    assert refresh_series_views(lake, "calls") == ["series_calls"]
    assert refresh_series_views(lake) == []
    rows = ask(lake, "select series_id, queue, region from analyst.series_calls order by series_id")
    assert rows == [("a", None, "qc"), ("b", "sales", "on")]


def test_names_are_quoted_whatever_they_are(lake):
    names = {'quo"te': "1", "it's": "2", "drop table x; --": "3", "Series_ID": "4", "Region": "5", "region": "6"}
    put(lake, "odd", "a", **names)
    refresh_series_views(lake)
    shown = lake.connection.execute("select * from analyst.series_odd")
    columns = [column[0] for column in shown.description]
    row = dict(zip(columns, shown.fetchall()[0], strict=True))
    assert row["series_id"] == "a"
    assert {row[column] for column in columns[3:]} == set(names.values())
    assert row['quo"te'] == "1"


def test_columns_never_hide_each_other():
    columns = name_columns(["STREAM", "stream", "a", "A", "a_2", ""])
    assert len({column.casefold() for column in (*columns, "stream", "series_id", "first_ts")}) == 9
    assert sorted(columns.values()) == sorted(["STREAM", "stream", "a", "A", "a_2", ""])


def test_a_stream_without_series_has_no_view_any_more(lake):
    put(lake, "calls", "a", region="qc")
    put(lake, "other", "b", site="x")
    refresh_series_views(lake)
    lake.connection.execute("delete from history.series where stream = 'calls'")
    assert refresh_series_views(lake, "other") == []
    assert refresh_series_views(lake) == ["series_calls"]
    assert ask(lake, "select site from analyst.series_other") == [("x",)]


def test_the_dictionary_describes_them(lake):
    put(lake, "calls", "a", region="qc", queue="sales")
    refresh_series_views(lake)
    described = {name for (name,) in ask(lake, "select name from analyst.dictionary where object = 'series_calls'")}
    assert described == {None, "stream", "series_id", "first_ts", "region", "queue"}
