"""Large feeds: found out by a sample, then read once; what that finds is what a look at all rows finds."""

import pytest

from forecasting.cli.feeds import show_report
from forecasting.errors import SettingsError
from forecasting.jobs.feeds.findings import Notes, Stated
from forecasting.jobs.feeds.proposals import examine, propose
from forecasting.jobs.feeds.reports import report_on
from forecasting.jobs.feeds.rows.sources import file_source
from tests.jobs.feeds.exports import ZONE, exports
from tests.jobs.feeds.test_feeds import findings, hourly, look, table

HOURS = [
    f"{day:02d}/{month:02d}/2024 {hour:02d}:00" for month in (1, 2, 3) for day in range(1, 29) for hour in range(24)
]


@pytest.fixture
def small_samples(monkeypatch):
    """Every feed is a large one."""
    for name, rows in (("WHOLE_BYTES", 0), ("LEADING_ROWS", 200), ("SAMPLE_ROWS", 300)):
        monkeypatch.setattr(f"forecasting.jobs.feeds.rows.samples.{name}", rows)
    monkeypatch.setattr("forecasting.jobs.feeds.rows.spread._PIECE_BYTES", 400)


def examined(lake, path, **stated):
    notes = Notes()
    source = file_source(lake, str(path), notes)
    return examine(lake, source, Stated("mine", ZONE, **stated), notes, horizon="28d", feed=str(path))


def test_one_reading_finds_what_a_look_at_all_rows_finds(lake, tmp_path):
    chosen = [one for one in exports(60, seed=7) if one.dates in ("iso", "epoch", "month name")]
    for export in [one for one in chosen if not one.thousands][:4]:
        path, _ = export.write(tmp_path)
        whole = examined(lake, path).measured
        with pytest.MonkeyPatch.context() as patch:
            for name, rows in (("WHOLE_BYTES", 0), ("LEADING_ROWS", 10), ("SAMPLE_ROWS", 10**9)):
                patch.setattr(f"forecasting.jobs.feeds.rows.samples.{name}", rows)
            once = examined(lake, path)
        assert not once.found.is_whole
        for name in ("rows", "verdicts", "series", "first_ts", "last_ts", "stray", "strange"):
            assert getattr(once.measured, name) == getattr(whole, name), (name, export)
        assert list(once.measured.moments) == list(whole.moments), export


@pytest.mark.usefixtures("small_samples")
def test_a_mark_of_thousands_may_come_late(lake, tmp_path):
    values = ["63"] * (len(HOURS) - 5) + ['"1,062"'] * 5
    rows, found = look(lake, tmp_path, hourly(values, HOURS))
    assert not found.is_whole
    assert max(float(row[2]) for row in rows) == 1062.0
    assert len(rows) == len(HOURS)


@pytest.mark.usefixtures("small_samples")
def test_verdicts_count_all_rows(lake, tmp_path):
    path = tmp_path / "feed.csv"
    values = ["63"] * len(HOURS)
    values[700:703], values[900] = ["", "U", "nan"], "-5"
    path.write_text(hourly(values, HOURS) + "no time,5\n")
    verdicts = examined(lake, path).measured.verdicts
    assert {name: rows for name, rows in verdicts.items() if rows} == {
        "good": len(HOURS) - 4,
        "unknown": 3,
        "negative": 1,
        "no_time": 1,
    }


@pytest.mark.usefixtures("small_samples")
@pytest.mark.parametrize("column", ["channel", "batch"])
def test_a_key_whose_rows_stand_far_apart_is_found(lake, tmp_path, column):
    # all rows of one key, then all of the other: no rows that stand together share a time
    rows = [(ts, "help", key, place % 7) for key in ("one", "two") for place, ts in enumerate(HOURS)]
    feed = table(f"ts,queue,{column},calls", rows)
    read, found = look(lake, tmp_path, feed)
    assert found.keys == ("queue", column)
    assert {row[0] for row in read} == {"help.one", "help.two"}


@pytest.mark.usefixtures("small_samples")
def test_rows_that_repeat_far_apart_are_said(lake, tmp_path):
    rows = [(ts, "help", place % 7) for place, ts in enumerate(HOURS)]
    _, found = look(lake, tmp_path, table("ts,queue,calls", [*rows, *rows]))
    assert "rows that share a time and a key" in findings(found)


@pytest.mark.usefixtures("small_samples")
def test_rows_that_differ_far_apart_are_asked_about(lake, tmp_path):
    rows = [(ts, place % 7) for place, ts in enumerate(HOURS)]
    with pytest.raises(SettingsError, match="rows share a time but differ"):
        look(lake, tmp_path, table("ts,calls", [*rows, *((ts, y + 1) for ts, y in rows)]))


@pytest.mark.usefixtures("small_samples")
def test_gaps_are_counted_by_the_rows_of_some_times(lake, tmp_path):
    path = tmp_path / "feed.csv"
    rows = [(ts, key, 5) for place, ts in enumerate(HOURS) for key in "ab" if key == "a" or not 500 <= place < 1100]
    path.write_text(table("ts,queue,calls", rows))
    assert examined(lake, path).measured.missing == pytest.approx(600, rel=0.4)


@pytest.mark.usefixtures("small_samples")
def test_gaps_of_a_large_feed_are_said_to_be_about_so_many(lake, tmp_path, capsys):
    path = tmp_path / "feed.csv"
    path.write_text(table("ts,calls", [(ts, 5) for place, ts in enumerate(HOURS) if not 500 <= place < 1100]))
    notes = Notes()
    source = file_source(lake, str(path), notes)
    proposal = propose(lake, source, Stated("mine", ZONE), notes, horizon="7d", feed=str(path))
    show_report(report_on(lake, proposal).as_dict())
    assert "\nabout " in capsys.readouterr().out
