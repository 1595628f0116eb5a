"""Which aggregates and paths speak now, and which did by an instant."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from tests.aggregates import publish_whole_night, write_beside
from tests.plans import make_capacity_plan, publish_planned
from tests.publications import ask, day, files_opened

ROWS = 24


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as opened:
        yield opened


def as_of(lake: Lake, t: datetime) -> list[tuple]:
    query = """
        select stream, origin, run_id, published_at, any_value(mean), count(*)
        from analyst.aggregates_as_of($t) group by all order by 1, 2
    """
    return ask(lake, query, t=t)


def test_newest_forecast_of_each_stream_speaks_with_its_aggregates_and_paths(lake):
    publish_whole_night(lake, "old", day(1), day(1.25))
    publish_whole_night(lake, "first", day(2), day(2.25))
    publish_whole_night(lake, "new", day(2), day(2.5))
    publish_whole_night(lake, "late-old", day(1), day(9))
    publish_whole_night(lake, "other", day(1), day(1.25), stream="calls")
    publish_planned(lake, "plan", day(3), day(3.25), make=make_capacity_plan)
    write_beside(lake, "killed", day(2))
    for view in ("aggregates_latest", "paths_latest"):
        found = ask(
            lake, f"select stream, origin, run_id, hindsight, count(*) from analyst.{view} group by all order by 1"
        )
        assert found == [("calls", day(1), "other", False, ROWS), ("usage", day(2), "new", False, ROWS)], view


def test_what_was_replaced_is_reached_by_an_instant_before_its_replacement(lake):
    publish_whole_night(lake, "first", day(1), day(1.25), level=10)
    publish_whole_night(lake, "second", day(1), day(5), level=20)
    publish_whole_night(lake, "other", day(2), day(2.25), level=30)
    publish_planned(lake, "plan", day(1), day(6), make=make_capacity_plan)
    second = ("usage", day(2), "other", day(2.25), 30.0, ROWS)
    assert as_of(lake, day(1.2)) == []
    assert as_of(lake, day(1.25)) == [("usage", day(1), "first", day(1.25), 10.0, ROWS)]
    assert as_of(lake, day(4.9)) == [("usage", day(1), "first", day(1.25), 10.0, ROWS), second]
    assert as_of(lake, day(9)) == [("usage", day(1), "second", day(5), 20.0, ROWS), second]


def test_reader_opens_the_files_of_the_newest_night_only(lake):
    for night in range(6):
        publish_whole_night(lake, f"night-{night}", day(night), day(night + 0.25))
    for table in ("aggregates", "paths"):
        assert files_opened(lake, table, f"from analyst.{table}_latest") == 1, table
