"""Single calls for replays: what is read, what is completed and by which rule, and that they are the calls counted."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import ingest
from forecasting.jobs.common.session import open_session
from forecasting.jobs.staffing.call_log import calls_between, complete_calls, read_call_log
from tests.backfills import ask
from tests.contact_centre import CALLS, SINGLE, ZONE, changed_definitions, make_calls

NAN = float("nan")


def local(text: str, zone: str = ZONE) -> datetime:
    return pd.Timestamp(text, tz=zone).to_pydatetime()


def log_of(settings, since="2024-03-25", until="2024-03-26", *, stream=CALLS, zone=ZONE):
    with open_session(settings, stream) as session:
        return read_call_log(session, since=local(since, zone), until=local(until, zone))


def test_calls_are_those_of_the_range_in_the_order_in_which_they_came(centre):
    log, made = log_of(centre), make_calls()
    made = made[(made["arrived_at"] >= local("2024-03-25")) & (made["arrived_at"] < local("2024-03-26"))]
    assert len(log) == len(made) > 100
    assert log["at"].to_numpy() == pytest.approx(made["arrived_at"].astype("int64").to_numpy() / 1e6)
    assert log["answered"].sum() == made["answered"].sum()
    assert log["handle_seconds"].isna().to_list() == (~log["answered"]).to_list()


@pytest.mark.parametrize(
    ("single", "error", "told"),
    [
        (None, SettingsError, r"no single calls to replay: \S*calls.calls.sql does not exist; expected a SELECT over"),
        (SINGLE.replace(", answered\n", "\n"), SettingsError, "calls.calls.sql: column answered is missing; expected"),
        (SINGLE.replace("handle_seconds", "seconds"), FeedError, "has not the expected shape: .*seconds"),
    ],
)
def test_a_log_that_cannot_be_read_is_told(centre, tmp_path, single, error, told):
    settings = changed_definitions(centre, tmp_path)
    path = tmp_path / "calls.calls.sql"
    path.unlink() if single is None else path.write_text(single, encoding="utf-8")
    with pytest.raises(error, match=told) as caught:
        log_of(settings)
    assert "\n" not in str(caught.value)


def test_a_range_without_calls_is_told(centre):
    with pytest.raises(FeedError, match=r"no calls between 2025-01-01T00:00.* to replay; choose another range"):
        log_of(centre, "2025-01-01", "2025-01-02")


def calls_like(count: int, **columns: object) -> pd.DataFrame:
    rows = {"series_id": "a", "at": np.arange(count), "handle_seconds": 100.0, "waited_seconds": 10.0, "answered": True}
    return pd.DataFrame(rows | columns)


def test_a_call_without_a_handle_time_has_that_of_another_of_its_series():
    log = pd.concat([calls_like(50), calls_like(50, series_id="b", handle_seconds=300.0)], ignore_index=True)
    log.loc[::3, "handle_seconds"] = NAN
    done = complete_calls(log, patience=60, seed=1)
    assert set(done.loc[done["series_id"] == "a", "handle"]) == {100.0}
    assert set(done.loc[done["series_id"] == "b", "handle"]) == {300.0}


def test_a_series_without_any_handle_time_has_those_of_the_others():
    log = pd.concat([calls_like(5), calls_like(5, series_id="b", handle_seconds=NAN)], ignore_index=True)
    assert set(complete_calls(log, patience=60, seed=1)["handle"]) == {100.0}
    with pytest.raises(FeedError, match="no handle time at all"):
        complete_calls(log.assign(handle_seconds=NAN), patience=60, seed=1)


def test_patience_is_what_was_seen_of_who_hung_up_and_at_least_the_wait_of_who_was_answered():
    log = calls_like(20_000, answered=np.arange(20_000) % 2 == 0)
    done = complete_calls(log, patience=60, seed=1)
    assert set(done.loc[~done["answered"], "patience"]) == {10.0}
    more = done.loc[done["answered"], "patience"] - 10
    assert (more >= 0).all()
    assert more.mean() == pytest.approx(60, rel=0.04)
    assert more.std() == pytest.approx(60, rel=0.06)


def test_a_wait_that_was_not_timed_is_drawn_whole_and_who_never_gives_up_waits_for_ever():
    untimed = calls_like(20_000, waited_seconds=NAN, answered=False)
    assert complete_calls(untimed, patience=60, seed=1)["patience"].mean() == pytest.approx(60, rel=0.04)
    log = calls_like(4, answered=[True, True, False, False], waited_seconds=[5.0, NAN, 5.0, -3.0])
    assert complete_calls(log, patience=np.inf, seed=1)["patience"].to_list() == [np.inf, np.inf, 5.0, 0.0]


def test_the_same_log_and_seed_are_completed_alike():
    log = calls_like(100)
    log["handle_seconds"] = np.where(log["at"] % 2, log["at"], NAN)
    first, second, other = (complete_calls(log, patience=60, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, second)
    assert (first["handle"] != other["handle"]).any()
    assert (first["patience"] != other["patience"]).any()


def test_only_calls_of_the_series_within_the_open_spans_are_taken_ends_left_out():
    log = pd.concat([calls_like(10), calls_like(10, series_id="b")]).sort_values("at", ignore_index=True)
    log = complete_calls(log, patience=60, seed=1)
    assert calls_between(log, ("b",), [(2.0, 4.0), (8.0, 9.0)]).at.tolist() == [2.0, 3.0, 8.0]
    assert calls_between(log, ("a", "b"), [(0.0, 1.0)]).at.tolist() == [0.0, 0.0]
    assert len(calls_between(log, ("c",), [(0.0, 9.0)]).at) == 0


def test_single_calls_of_the_bank_are_those_that_were_counted(shared_streams):
    ingest.run(shared_streams, "anonymous_bank", until="1999-02-01")
    log = log_of(shared_streams, "1999-01-01", "1999-02-01", stream="anonymous_bank", zone="Asia/Jerusalem")
    counted = dict(ask(shared_streams, "select series_id, sum(y) from history.demand group by 1"))
    assert log.groupby("series_id").size().to_dict() == counted
    assert log.loc[log["answered"], "handle_seconds"].between(1, 3600).mean() > 0.95
    assert log.loc[~log["answered"], "handle_seconds"].isna().all()
    assert (log["waited_seconds"] >= 0).all()
