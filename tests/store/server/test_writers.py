"""Writers on a PostgreSQL catalog: one at a time, on what the one before left, and free when one of them dies."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from forecasting.errors import LakeBusyError
from forecasting.jobs.streams import events
from forecasting.settings import Settings
from forecasting.store.access.server import key_of
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from tests.faults.processes import Running, settings_of

NUMBERED = "insert into meta.migrations select max(version) + 1, $name, '0' from meta.migrations"
COUNTS = "select count(*), count(distinct version), max(version) from meta.migrations"


def at_once(number: int, work) -> list:
    """Results of so many calls that begin together, with their place."""
    gate = threading.Barrier(number)

    def one(place: int):
        gate.wait()
        return work(place)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def write_number(lake: Lake, name: str) -> None:
    lake.write(lambda: lake.connection.execute(NUMBERED, {"name": name}), message=name)


def test_those_who_read_and_then_write_see_what_the_one_before_wrote(served: Settings):
    tries = []

    def work(place: int) -> None:
        with open_lake(served) as lake:
            transaction = lake._transaction
            lake._transaction = lambda *of: (tries.append(place), transaction(*of))[1]
            for number in range(4):
                write_number(lake, f"{place}.{number}")

    with open_lake(served) as lake:
        before = lake.connection.execute(COUNTS).fetchone()[0]
    at_once(3, work)
    with open_lake_to_read(served) as lake:
        assert lake.connection.execute(COUNTS).fetchone() == 3 * (before + 12,)
    assert len(tries) == 12  # none of them was in vain


def test_a_file_of_events_that_three_import_at_once_is_taken_in_once(served: Settings, tmp_path: Path):
    days = pd.date_range("2024-01-01", periods=20, freq="D", tz="UTC")
    rows = pd.DataFrame({"event_id": [f"e{n}" for n in range(20)], "kind": "outage", "starts_at": days})
    rows.assign(ends_at=days + pd.Timedelta(hours=1)).to_csv(tmp_path / "events.csv", index=False)
    taken = at_once(3, lambda _: events.import_file(served, tmp_path / "events.csv").summary.rows)
    assert sorted(taken) == [0, 0, 20]
    with open_lake_to_read(served) as lake:
        assert lake.connection.execute("select count(*) from history.events").fetchone() == (20,)


def test_an_empty_database_that_four_open_at_once_becomes_one_lake(empty: Settings):
    def work(place: int) -> str:
        with open_lake(empty) as lake:
            write_number(lake, f"of {place}")
            return lake.ownership.lake_id()

    assert len(set(at_once(4, work))) == 1
    with open_lake_to_read(empty) as lake:
        repeated = "select name from meta.migrations group by name having count(*) > 1"
        assert lake.connection.execute(repeated).fetchall() == []
        assert lake.pending() == []


def hold_for_ever(variables: dict[str, str], ready: Path) -> None:
    with open_lake(settings_of(variables)) as lake, lake.alone():
        ready.touch()
        time.sleep(3600)


def test_a_writer_that_was_killed_holds_nobody_up_and_one_that_lives_is_named(served: Settings, tmp_path, ask):
    holder = Running(hold_for_ever, served.as_environment(), tmp_path / "ready")
    holder.wait_for_file(tmp_path / "ready")
    with open_lake(served) as lake:
        lake.patience_seconds = 0.0
        with pytest.raises(LakeBusyError, match=r"process \d+ from 127.0.0.1 since .* has been writing .*nothing was"):
            write_number(lake, "in vain")
        os.kill(holder.pid or 0, signal.SIGKILL)
        assert holder.wait().code == -signal.SIGKILL
        lake.patience_seconds = 60.0
        write_number(lake, "free")
    assert ask(served, "select count(*) from pg_locks where locktype = 'advisory'") == "0"


def test_a_stream_is_trained_by_one_while_another_and_all_writers_go_on(served: Settings):
    with open_lake(served) as first, open_lake(served) as second:
        inside = threading.Event()

        def train() -> None:
            with second.training("calls"):
                inside.set()

        with first.training("calls"):
            waiting = threading.Thread(target=train)
            waiting.start()
            with second.training("links"):
                write_number(first, "meanwhile")
            assert not inside.wait(0.5)
        waiting.join(60)
        assert inside.is_set()


def test_a_training_that_waits_holds_back_no_clean_up_of_the_server(served: Settings, ask):
    with open_lake(served) as lake, lake.training("calls"):
        held = "select count(*) from pg_stat_activity where state = 'idle in transaction' and backend_xmin is not null"
        assert ask(served, held) == "0"


def test_locks_have_a_number_each_that_fits_the_server():
    keys = {key_of(name) for name in ("writer", "making", "training a", "training b")}
    assert len(keys) == 4
    assert all(-(2**63) <= key < 2**63 for key in keys)


def test_a_lake_that_is_only_read_takes_no_lock(served: Settings, ask):
    with open_lake(served) as lake:
        write_number(lake, "x")
        with lake.alone(), open_lake_to_read(served) as reader:
            assert reader.connection.execute(COUNTS).fetchone()[0] > 1
            with pytest.raises(duckdb.Error):
                reader.connection.execute(NUMBERED, {"name": "y"})
