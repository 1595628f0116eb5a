"""Adjustments of a file: what passes the contract is taken once, the rest waits in quarantine with a reason."""

import json

import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.planners import adjust, imports
from forecasting.jobs.streams import quarantine
from tests.backfills import frame
from tests.contact_centre import CALLS

HEADER = "stream,series_id,starts_at,ends_at,operation,value,reason,author"
DAY = "2024-03-26,2024-03-27"
GOOD = (
    f"calls,care.*,{DAY},percent,15,campaign,ana",
    "calls,sales.voice,2024-03-26 09:00,2024-03-26 12:00,add,40,mailing,ben",
)
FACTORS = "select series_id, ts, factor from planning.adjusted order by all"


def write(path, *rows: str, header: str = HEADER):
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def test_a_file_is_taken_in_and_again_adds_nothing(desk, tmp_path):
    file = write(tmp_path / "march.csv", *GOOD, GOOD[0])
    taken = imports.import_file(desk, file)
    assert taken.added["what"].tolist() == ["+15%", "+40"]
    assert taken.added["starts"].tolist() == ["2024-03-26 00:00", "2024-03-26 09:00"]
    assert (taken.known, taken.rejected) == (1, [])
    before = frame(desk, FACTORS)
    assert len(before) == 2 * 20 + 6
    again = imports.import_file(desk, file)
    assert (len(again.added), again.known) == (0, 3)
    assert frame(desk, FACTORS).equals(before)
    assert adjust.show(desk)["what"].tolist() == ["+15%", "+40"]
    # what was withdrawn stays so
    adjust.withdraw(desk, taken.added["adjustment_id"][0])
    imports.import_file(desk, file)
    assert adjust.show(desk)["what"].tolist() == ["+40"]


BAD = {
    f"calls,cart.*,{DAY},percent,15,campaign,ana": "no series has series_id=cart.*",
    "calls,care.*,2025-01-01,2025-01-02,percent,15,campaign,ana": "lies outside",
    f"calls,care.*,{DAY},percent,-101,campaign,ana": "percent -101: nothing falls by more than 100%",
    f"calls,care.*,{DAY},set,-1,campaign,ana": "set -1: expected 0 or more",
    f"calls,care.*,{DAY},percent,many,campaign,ana": "percent: expected a number, found many",
    f"calls,care.*,{DAY},percent,inf,campaign,ana": "percent: expected a number, found inf",
    f"calls,care.*,{DAY},add,1e400,campaign,ana": "add: expected a number",
    f"calls,care.*,{DAY},double,2,campaign,ana": "operation is double; expected percent, add, set, floor or cap",
    f"calls,care.*,{DAY},percent,15,,ana": "reason is empty",
    f"calls,care.*,{DAY},percent,15,campaign,": "author is empty",
    f"calls,care.*,{DAY},percent,15,campaign": "author is empty",
    "calls,care.*,2024-03-27,2024-03-26,percent,15,campaign,ana": "ends 2024-03-26: expected a time after starts",
    "calls,care.*,2024-03-31 02:30,2024-03-31 09:00,percent,15,campaign,ana": "starts: ",
    "calls,care.*,2024-03-26 21:00,2024-03-26 22:00,percent,15,campaign,ana": "closed",
    "calls,care.*,soon,2024-03-27,percent,15,campaign,ana": "starts: expected a time such as",
    "calls,care.*,,2024-03-27,percent,15,campaign,ana": "starts: no time is given",
    f"cals,care.*,{DAY},percent,15,campaign,ana": "there is no stream 'cals' (did you mean 'calls'?)",
    f",care.*,{DAY},percent,15,campaign,ana": "stream is missing",
    f"calls,care.*,{DAY},percent,15,one, two,ana": "it has more cells than the header: ana",
}


def test_of_every_kind_of_bad_row_the_reason_is_kept_and_the_rest_is_taken(desk, tmp_path):
    file = write(tmp_path / "bad.csv", GOOD[0], *BAD, GOOD[1])
    taken = imports.import_file(desk, file)
    assert len(taken.added) == 2
    assert len(taken.rejected) == len(BAD)
    for one, (row, reason) in zip(taken.rejected, BAD.items(), strict=True):
        assert reason in one.reason, row
        assert "\n" not in one.reason
    waiting = quarantine.show_rows(desk, stream=None, most=100)
    assert sorted(waiting["reason"]) == sorted(one.reason for one in taken.rejected)
    assert all(json.loads(raw)["operation"] for raw in waiting["raw"])
    assert set(waiting["source"]) == {str(file)}
    imports.import_file(desk, file)
    assert len(quarantine.show_rows(desk, stream=None, every=True, most=100)) == len(BAD)
    # rows of planners are none of a feed's
    assert quarantine.replay(desk, CALLS).status == "unchanged"
    # the file put right: nothing waits any more
    imports.import_file(desk, write(file, *GOOD))
    assert quarantine.show_rows(desk, stream=None).empty


def test_rows_that_follow_each_other_are_judged_on_what_the_first_leaves(desk, tmp_path):
    rows = [f"calls,care.voice,{DAY},percent,-100,closed,ana", f"calls,care.voice,{DAY},add,5,but for some,ana"]
    taken = imports.import_file(desk, write(tmp_path / "zero.csv", *rows))
    assert taken.added["what"].tolist() == ["-100%"]
    assert "have a forecast of 0, by which no amount can be shared" in taken.rejected[0].reason


def test_other_columns_are_attributes_and_a_scenario_has_to_be_there(desk, tmp_path):
    header = HEADER.replace("stream,", "").replace("_at", "").replace(",", ";") + ";scenario;region"
    good = f"care.*;{DAY.replace(',', ';')};percent;15%;campaign;ana;base;"
    rows = [good, good.replace(";base;", ";nowhere;"), good + "north"]
    taken = imports.import_file(desk, write(tmp_path / "s.csv", *rows, header=header), stream=CALLS)
    assert len(taken.added) == 1
    assert "there is no scenario 'nowhere'; there are base" in taken.rejected[0].reason
    assert "'region' is no attribute of series of calls" in taken.rejected[1].reason


def test_what_is_no_table_of_adjustments_is_refused_in_one_line(desk, tmp_path):
    lacking = write(tmp_path / "lacking.csv", GOOD[0], header=HEADER.replace(",reason", ""))
    with pytest.raises(FeedError, match="column reason is missing; expected stream, starts_at"):
        imports.import_file(desk, lacking)
    with pytest.raises(FeedError, match=r"none\.csv: cannot be read: No such file"):
        imports.import_file(desk, tmp_path / "none.csv")
    (tmp_path / "open.csv").write_text(f'{HEADER}\ncalls,"care', encoding="utf-8")
    with pytest.raises(FeedError, match="cannot be read after row 1: unexpected end of data"):
        imports.import_file(desk, tmp_path / "open.csv")
    with pytest.raises(SettingsError, match=r"a catalog in a file has no planners\.inbox; name a CSV file"):
        imports.import_inbox(desk)
    assert adjust.show(desk).empty


def test_the_command_names_what_was_taken_and_what_was_not(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("FORECASTING_HOME", str(desk.home))
    file = write(tmp_path / "march.csv", GOOD[0], next(iter(BAD)))
    said = CliRunner().invoke(app.app, ["adjust", "import", str(file)])
    assert said.exit_code == 0
    assert "1 added, 0 known already, 1 to quarantine" in said.stdout
    assert "rejected  calls: stream calls: no series has series_id=cart.*" in said.stdout
    refused = CliRunner().invoke(app.app, ["adjust", "import", "--stream", CALLS])
    assert "name the file, or leave both out" in str(refused.exception)
