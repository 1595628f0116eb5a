"""The lake: made once, migrated once, written in whole transactions, read by anybody."""

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from forecasting.errors import LakeError, QueryError, SettingsError
from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.migrations import migrate
from forecasting.store.lake.open import open_lake, open_lake_to_read, open_memory_lake
from forecasting.store.lake.sql import SqlFiles
from forecasting.store.lake.tables import TABLES


@pytest.fixture
def lake(settings: Settings):
    with open_lake(settings) as opened:
        yield opened


def names(lake: Lake) -> set[str]:
    return {name for name, _ in lake.rows("lake/migrations.sql")}


def record(lake: Lake, name: str) -> None:
    lake.execute("lake/insert_migration.sql", name=name, checksum="0")


def test_migrations_run_once_and_again_without_effect(lake, settings):
    applied, snapshot = names(lake), lake.snapshot_id()
    files = lake.files
    assert applied == {f"{folder}/{path.name}" for folder in ("schema", "views") for path in files.folder(folder)}
    assert migrate(lake) == []
    with open_lake(settings) as again:
        assert again.snapshot_id() == snapshot


def test_changed_view_is_made_again_and_changed_schema_is_not(lake, tmp_path):
    override = tmp_path / "sql"
    for name in ("views/04_accuracy.sql", "schema/0011_evaluation_scores.sql"):
        path = override / name
        path.parent.mkdir(parents=True)
        source = next(root / name for root in lake.files.roots if (root / name).is_file())
        path.write_text(source.read_text() + "\n-- changed")
    lake.files = SqlFiles((override, *lake.files.roots))
    assert migrate(lake) == ["04_accuracy.sql"]
    assert migrate(lake) == []


def test_migration_that_fails_leaves_the_lake_as_it_was(lake, tmp_path):
    override = tmp_path / "sql" / "schema"
    override.mkdir(parents=True)
    (override / "0900_good.sql").write_text("create table history.good (x integer)")
    (override / "0901_bad.sql").write_text("create table history.bad (x nonsense)")
    before = names(lake)
    lake.files = SqlFiles((override.parent, *lake.files.roots))
    with pytest.raises(LakeError, match="nonsense"):
        migrate(lake)
    assert names(lake) == before
    assert lake.connection.execute("select count(*) from duckdb_tables() where table_name = 'good'").fetchall() == [
        (0,)
    ]


@pytest.mark.parametrize("error", [ValueError("inside"), KeyboardInterrupt()])
def test_transaction_that_fails_leaves_nothing_and_the_lake_usable(lake, error):
    def fail() -> None:
        record(lake, "never")
        raise error

    with pytest.raises(type(error)):
        lake.write(fail, message="fail")
    assert "never" not in names(lake)
    lake.write(lambda: record(lake, "later"), message="later")
    assert "later" in names(lake)


def test_write_that_met_another_writer_is_done_again_as_a_whole(lake):
    attempts = []

    def busy_once() -> str:
        record(lake, f"attempt{len(attempts)}")
        attempts.append(1)
        if len(attempts) == 1:
            raise duckdb.TransactionException("Transaction conflict")
        return "done"

    assert lake.write(busy_once, message="busy") == "done"
    assert {"attempt0", "attempt1"} & names(lake) == {"attempt1"}


def test_error_that_no_repetition_heals_is_told_at_once(lake):
    attempts = []

    def wrong() -> None:
        attempts.append(1)
        lake.connection.execute("insert into history.nowhere values (1)")

    with pytest.raises(LakeError, match=r"write failed: .*nowhere"):
        lake.write(wrong, message="wrong")
    assert len(attempts) == 1


def test_snapshot_says_who_wrote_it_and_why(lake):
    lake.write(lambda: record(lake, "x"), message="a reason")
    author, message = lake.connection.execute(
        "select author, commit_message from lake.snapshots() order by snapshot_id desc limit 1"
    ).fetchone()
    assert author.startswith("forecasting pid ")
    assert message == "a reason"


def test_reader_sees_what_was_written_and_cannot_write(lake, settings):
    lake.write(lambda: record(lake, "x"), message="x")
    with open_lake_to_read(settings) as reader:
        assert "x" in names(reader)
        with pytest.raises(LakeError, match="read-only"):
            reader.execute("lake/insert_migration.sql", name="y", checksum="0")


def test_reader_sees_no_transaction_before_its_commit(lake, settings):
    with open_lake_to_read(settings) as reader:

        def look() -> None:
            record(lake, "x")
            assert "x" not in names(reader)

        lake.write(look, message="x")
        assert "x" in names(reader)


def test_frame_is_a_table_only_while_it_is_given(lake, tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "keep.sql").write_text("create or replace temp table kept as select x, ts, k from given")
    (tmp_path / "t" / "kept.sql").write_text("select sum(x) as total, max(ts) as ts, k from kept group by k")
    lake.files = SqlFiles((tmp_path, *lake.files.roots))
    stamps = pd.to_datetime(["2024-01-01", "2024-07-01"], utc=True)
    given = pd.DataFrame({"x": [1, 2], "ts": stamps, "k": "same"})
    lake.execute("t/keep.sql", frames={"given": given})
    found = lake.frame("t/kept.sql", categories=["k"])
    assert found["total"].item() == 3
    assert str(found["ts"].dtype) == "datetime64[us, UTC]"
    assert isinstance(found["k"].dtype, pd.CategoricalDtype)
    with pytest.raises(LakeError, match="given"):
        lake.execute("t/keep.sql")


def test_statement_gets_no_parameter_that_it_does_not_name(lake):
    with pytest.raises(QueryError, match=r"parameter \$name is not known"):
        lake.execute("lake/insert_migration.sql", checksum="0")


def test_memory_lake_has_the_schema_and_touches_nothing(settings):
    with open_memory_lake(settings) as lake:
        assert lake.rows("ingest/ingests.sql", stream="x") == [(0, None)]
        folder = Path(lake.settings.data).parent
    assert not folder.exists()
    assert not settings.home.exists()


def test_path_with_a_quote_and_a_space_works(tmp_path):
    home = tmp_path / "it's my lake"
    settings = Settings(
        home=home,
        catalog=f"sqlite:{home}/c.sqlite",
        data=f"{home}/data",
        models=f"{home}/models",
        streams=home / "streams",
        sql=None,
    )
    with open_lake(settings) as lake:
        assert names(lake)
    shutil.rmtree(home)


def test_lake_that_is_not_there_is_not_made_by_reading(settings):
    with pytest.raises(SettingsError, match="no lake here yet"):
        open_lake_to_read(settings)
    assert not settings.home.exists()


def test_lake_of_an_older_version_answers_a_reader_what_it_can_and_says_what_to_do_else(settings, tmp_path):
    with open_lake(settings) as lake:
        before = names(lake)
    for name, text in (
        ("schema/0900_next.sql", "alter table history.demand add column source varchar"),
        ("next/sources.sql", "select count(source) from history.demand"),
    ):
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    newer = settings.model_copy(update={"sql": tmp_path / "sql"})
    with open_lake_to_read(newer) as lake:
        assert lake.rows("ingest/ingests.sql", stream="x") == [(0, None)]
        with pytest.raises(LakeError, match=r"older version and lacks what next/sources.*`forecasting maintain`"):
            lake.rows("next/sources.sql")
        assert names(lake) == before
    with open_lake(newer) as lake:
        assert lake.rows("next/sources.sql") == [(0,)]


def test_wrong_statement_is_not_blamed_on_the_lakes_version(settings, tmp_path):
    with open_lake(settings):
        pass
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "x.sql").write_text("select nothing from history.demand")
    with (
        open_lake_to_read(settings.model_copy(update={"sql": tmp_path})) as lake,
        pytest.raises(LakeError, match=r"failed: .*nothing"),
    ):
        lake.rows("wrong/x.sql")


def measured(lake: Lake) -> dict[str, int]:
    counts = lake.connection.execute(
        "select tables.table_name, record_count from __ducklake_metadata_lake.ducklake_table_stats "
        "inner join __ducklake_metadata_lake.ducklake_table as tables using (table_id) where end_snapshot is null"
    )
    return dict(counts.fetchall())


def test_new_tables_are_empty_and_their_statistics_known(lake):
    unmeasured = {name for (name,) in lake.rows("lake/unmeasured_tables.sql")}
    assert unmeasured == set()
    rows = {name.partition(".")[2]: lake.connection.table(name).count("*").fetchall()[0][0] for name in TABLES}
    assert rows.pop("migrations") == len(names(lake))
    assert set(rows.values()) == {0}
    assert {name: count for name, count in measured(lake).items() if name != "migrations"} == rows
    assert not list(Path(lake.settings.data).rglob("*.parquet"))
    # none of the rows that began them is in any snapshot
    for snapshot in range(1, lake.snapshot_id() + 1):
        past = lake.connection.execute(f"select count(*) from history.quarantine at (version => {snapshot})")
        assert past.fetchall() == [(0,)]


def test_migration_keeps_what_a_migration_wrote_and_what_was_there(lake, tmp_path):
    lake.connection.execute(
        "insert into history.ingests (run_id, stream, since, until, rows, versions, withdrawn, "
        "rejected) values ('r', 's', now(), now(), 0, 0, 0, 0)"
    )
    override = tmp_path / "sql" / "schema"
    override.mkdir(parents=True)
    (override / "0900_more.sql").write_text("alter table history.ingests add column more varchar")
    lake.files = SqlFiles((override.parent, *lake.files.roots))
    assert migrate(lake) == ["0900_more.sql"]
    assert lake.connection.execute("select run_id from history.ingests").fetchall() == [("r",)]
