"""Opening hours of a feed: what is no number is a value that somebody wrote, so that its time is open."""

import pytest

from forecasting.jobs.feeds.findings import Notes, Stated
from forecasting.jobs.feeds.proposals import propose
from forecasting.jobs.feeds.rows.sources import file_source
from tests.jobs.feeds.test_feeds import table

DAYS = [f"2024-{month:02d}-{day:02d}" for month, days in ((1, 31), (2, 29), (3, 31)) for day in range(1, days + 1)]


def hours_found(lake, tmp_path, rows):
    path = tmp_path / "feed.csv"
    path.write_text(table("ts,calls", rows))
    notes = Notes()
    source = file_source(lake, str(path), notes)
    return propose(lake, source, Stated("mine", "UTC"), notes, horizon="7d", feed=str(path)).hours


@pytest.mark.parametrize("late", ["about 7", "-7"])
def test_a_value_that_cannot_be_read_is_never_closed(lake, tmp_path, late):
    # the last hour of a day holds nothing that can be read, on so few days that the feed is taken
    rows = [(f"{day} {hour:02d}:00", hour) for day in DAYS for hour in range(8, 18)]
    assert hours_found(lake, tmp_path, rows) == {"mon-sun": "08:00-18:00"}
    rows += [(f"{day} 18:00", late) for day in DAYS[-14:]]
    assert hours_found(lake, tmp_path, sorted(rows)) == {"mon-sun": "08:00-19:00"}
