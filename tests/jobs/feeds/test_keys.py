"""Which columns name a series, also where the values of several are equal at every instant."""

import pytest

from forecasting.errors import SettingsError
from tests.jobs.feeds.test_feeds import HOURS, findings, local, look, table


def of_each(*keys, value=lambda _: 5):
    """A row of each key at every time, all with one value."""
    return [(ts, *key, value(ts)) for ts in HOURS for key in keys]


def test_series_of_equal_values_are_not_one(lake, tmp_path):
    shops = [("north",), ("south",), ("west",)]
    rows, found = look(lake, tmp_path, table("ts,shop,sales", of_each(*shops, value=lambda ts: int(ts[11:13]))))
    assert len(rows) == 3 * len(HOURS)
    assert {row[0] for row in rows} == {"north", "south", "west"}
    assert "shop: the series' key" in findings(found)


def test_a_second_key_is_found_where_values_are_equal(lake, tmp_path):
    feed = table("ts,queue,channel,calls", of_each(("help", "voice"), ("help", "chat")))
    rows, _ = look(lake, tmp_path, feed)
    assert {row[0] for row in rows} == {"help.voice", "help.chat"}
    assert len(rows) == 2 * len(HOURS)
    with pytest.raises(SettingsError, match="with queue and channel they do not; say --series-col queue --series-col"):
        look(lake, tmp_path, feed, series_columns=("queue",))


def test_a_key_is_found_where_values_are_mostly_unknown_or_equal_at_most_times(lake, tmp_path):
    rows = [(ts, shop, "" if shop == "south" else 5) for ts in HOURS for shop in ("north", "south")]
    assert len(look(lake, tmp_path, table("ts,shop,sales", rows))[0]) == len(rows)
    many = [(f"2024-{month:02d}-{day:02d}", shop, 5) for month in range(1, 9) for day in range(1, 29) for shop in "ab"]
    many[-1] = (*many[-1][:2], 6)
    assert {row[0] for row in look(lake, tmp_path, table("ts,shop,sales", many))[0]} == {"a", "b"}


@pytest.mark.parametrize("column", ["shop", "handled"])
def test_a_number_that_tells_equal_rows_apart_is_asked_about(lake, tmp_path, column):
    feed = table(f"ts,{column},calls", of_each((101,), (102,)))
    with pytest.raises(SettingsError, match=f"rows share a time but differ: with {column} they do not"):
        look(lake, tmp_path, feed)
    assert {row[0] for row in look(lake, tmp_path, feed, series_columns=(column,))[0]} == {"101", "102"}


def test_single_events_are_asked_about_also_where_each_counts_one(lake, tmp_path):
    feed = table("ts,call,calls", [(ts, f"c{at}{place}", 1) for at, ts in enumerate(HOURS) for place in "xyz"])
    with pytest.raises(SettingsError, match="add rows up in SQL first where they are single events"):
        look(lake, tmp_path, feed)


def test_rows_that_repeat_in_full_count_once_and_are_said(lake, tmp_path):
    rows = of_each(("help",))
    feed = table("ts,queue,calls", [*rows, *rows[:3]])
    _, found = look(lake, tmp_path, feed)
    assert found.keys == ("queue",)
    assert "rows that share a time and a key: 6 of 15 (those with one value count once" in findings(found)
    again = [(*row, exported) for row in rows for exported in ("2024-02-01 08:00", "2024-02-02 08:00")]
    _, found = look(lake, tmp_path, table("ts,queue,calls,exported_at", again), ts_columns=("ts",))
    assert found.keys == ("queue",)


def test_an_attribute_that_tells_equal_rows_apart_is_asked_about(lake, tmp_path):
    feed = table("ts,queue,site,calls", of_each(("help", "north"), ("help", "south")))
    with pytest.raises(SettingsError, match="with queue and site they do not"):
        look(lake, tmp_path, feed, attribute_columns=("site",))


def test_a_time_and_its_key_once_each_is_not_spoken_of(lake, tmp_path):
    rows, found = look(lake, tmp_path, table("ts,queue,calls", of_each(("help",), ("sales",))))
    assert rows[0][1] == local(2024, 1, 1, 8)
    assert "rows that share" not in findings(found)
