"""Changes of a series' attribute, as known at an origin."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.readings import attribute_changes
from tests.feeds import define_stream

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    define_stream(settings)
    with open_lake(settings) as opened:
        yield opened


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def describe(
    lake: Lake,
    *values: str | None,
    series: str = "a",
    stream: str = "usage",
    since: float = 0,
    known: float | None = None,
    attribute: str = "size",
) -> None:
    """Values of an attribute of a series, ten days apart from a day on; each known as it begins unless told."""
    for number, value in enumerate(values):
        at = since + 10 * number
        attributes = {"site": "x"} | ({} if value is None else {attribute: value})
        row = [stream, series, day(at), day(at if known is None else known), attributes]
        lake.connection.execute("insert into history.series values (?, ?, ?, ?, ?, 'r')", row)


def changes(lake: Lake, *, at: float = 100) -> dict[str, tuple[float, str, str]]:
    """Day, value before and value after, by series."""
    stream = read_definition(lake.settings, "usage").stream
    rows = attribute_changes(lake, stream, day(at), attribute="size")
    assert list(rows.columns) == ["series_id", "since", "before", "value"]
    return {
        row.series_id: ((row.since - START) / timedelta(days=1), row.before, row.value)
        for row in rows.itertuples(index=False)
    }


def test_the_newest_change_of_each_series_that_ever_changed_is_told(lake):
    describe(lake, "1", "10", "40")
    describe(lake, "1", "10", "1", series="back")
    describe(lake, "1", "10", "10", series="long ago")
    describe(lake, "1", "1", series="never")
    describe(lake, "1", series="new")
    assert changes(lake) == {"a": (20, "10", "40"), "back": (20, "10", "1"), "long ago": (10, "1", "10")}


def test_other_streams_and_other_attributes_do_not_count(lake):
    describe(lake, "1", "1")
    describe(lake, "1", "10", stream="other")
    describe(lake, "1", "10", attribute="router", since=0.5)
    assert changes(lake) == {}


def test_nothing_that_begins_or_became_known_later_than_the_origin_is_seen(lake):
    describe(lake, "1", "10", "40")
    describe(lake, "1", series="told late")
    describe(lake, "10", series="told late", since=5, known=30)
    assert changes(lake, at=10) == {}, "what begins with the origin comes after it"
    assert changes(lake, at=10.5) == {"a": (10, "1", "10")}
    assert "told late" not in changes(lake, at=29.5)
    assert changes(lake, at=30)["told late"] == (5, "1", "10")


def test_of_one_day_told_twice_the_later_word_counts(lake):
    describe(lake, "1", "10")
    describe(lake, "40", since=10, known=15)
    assert changes(lake) == {"a": (10, "1", "40")}


def test_a_gap_is_no_change_and_does_not_hide_one(lake):
    describe(lake, "1", None, "10")
    describe(lake, "1", None, "1", series="same again")
    describe(lake, "1", None, series="gone")
    describe(lake, None, "1", series="late")
    assert changes(lake) == {"a": (20, "1", "10")}


def test_a_number_written_another_way_is_no_change(lake):
    describe(lake, "1", "10", "10.0", "1e1")
    describe(lake, "10G", "10g", series="text")
    assert changes(lake) == {"a": (10, "1", "10"), "text": (10, "10G", "10g")}
