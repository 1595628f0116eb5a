"""An S3 store that is away, refuses, or holds what nobody needs; and keys that are shown nowhere."""

import os
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from forecasting.errors import LakeBusyError, LakeError, ModelError
from forecasting.jobs.upkeep import query
from forecasting.settings import Settings, read_settings
from forecasting.store.files.models import MANIFEST, Bundle
from forecasting.store.lake import attach
from forecasting.store.lake import lake as lake_module
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.maintenance import remove_stray_models
from forecasting.store.model_files import ModelFiles
from forecasting.store.tables.registry import ModelRecord, append_model
from tests.object_store import KEY_ID, SECRET, ObjectStore
from tests.store.files.test_models import make_bundle

ROWS = 200
"""More than the catalog would keep itself."""
FILL = f"""
insert into history.demand (stream, series_id, ts, available_at, y, run_id, loaded_at)
select 'calls', 'a', timestamptz '2024-01-01' + to_hours(n), timestamptz '2024-02-01', n, $run, now()
from range({ROWS}) as rows (n)
"""
COUNT = "select count(*), count(distinct run_id) from history.demand"


def fill(lake: Lake, run: str) -> None:
    lake.connection.execute(FILL, {"run": run})


def count(lake: Lake) -> tuple[int, int]:
    return lake.connection.execute(COUNT).fetchone()


def test_a_store_that_comes_back_in_time_only_costs_waiting(remote: Settings, store: ObjectStore):
    with open_lake(remote) as lake:
        store.kill()
        back = threading.Timer(1.5, store.start)
        back.start()
        lake.write(lambda: fill(lake, "first"), message="first")
        back.join()
        assert count(lake) == (ROWS, 1)
        store.kill()
        back = threading.Timer(1.0, store.start)
        back.start()
    with open_lake_to_read(remote) as reader:
        back.join()
        assert count(reader) == (ROWS, 1)


def test_a_store_that_stays_away_is_named_and_nothing_is_written(remote, store: ObjectStore, monkeypatch):
    for module in (attach, lake_module):
        monkeypatch.setattr(module, "RECONNECT_SECONDS", 0.0)
    with open_lake(remote) as lake:
        store.kill()
        try:
            with pytest.raises(LakeBusyError, match=r"the object store went away during write: .*; try again later"):
                lake.write(lambda: fill(lake, "lost"), message="lost")
            with pytest.raises(LakeBusyError, match="the object store went away during opening"):
                open_lake_to_read(remote)
            record = ModelRecord("m", "calls", [], datetime.now(UTC), None, "c", "calls/m/x", "0")
            # no damage: nobody is to train it again
            with pytest.raises(LakeBusyError):
                ModelFiles(lake).load(record)
        finally:
            store.start()
        assert count(lake) == (0, 0)


@pytest.mark.parametrize("wrong", [{"AWS_SECRET_ACCESS_KEY": "wrong-wrong"}, {"AWS_ACCESS_KEY_ID": "nobody-here"}])
def test_keys_that_the_store_does_not_take_are_named_at_once(remote: Settings, wrong: dict[str, str]):
    begun = time.monotonic()
    with pytest.raises(LakeError, match=r"the object store refuses: .*403.*AWS_ACCESS_KEY_ID") as failure:
        open_lake(read_settings(remote.as_environment() | wrong))
    assert not isinstance(failure.value, LakeBusyError)
    assert not any(key in str(failure.value) for key in (KEY_ID, SECRET, *wrong.values()))
    assert time.monotonic() < begun + attach.RECONNECT_SECONDS


def test_keys_may_be_a_secret_of_duckdb(remote: Settings, store: ObjectStore, monkeypatch, tmp_path):
    with open_lake(remote) as lake:
        lake.write(lambda: fill(lake, "x"), message="x")
    keyless = {name: text for name, text in remote.as_environment().items() if not name.startswith("AWS")}
    folder = tmp_path / "secrets"
    endpoint = f"endpoint '127.0.0.1:{store.port}', url_style 'path', use_ssl false, region 'us-east-1'"

    def with_stored(config: dict) -> duckdb.DuckDBPyConnection:
        return plain(config={**config, "secret_directory": str(folder)})

    with attach.session(remote) as connection:
        # stored secrets are not for a session that already has one
        connection.execute("drop secret forecasting_store")
    plain = duckdb.connect
    with plain(config={"secret_directory": str(folder), "allow_unsigned_extensions": True}) as client:
        attach.load_extension(client, "httpfs")
        client.execute(f"create persistent secret mine (type s3, key_id '{KEY_ID}', secret '{SECRET}', {endpoint})")
    monkeypatch.setattr(duckdb, "connect", with_stored)
    with open_lake_to_read(read_settings(keyless)) as lake:
        assert count(lake) == (ROWS, 1)


def test_what_attach_prints_opens_the_lake_and_holds_no_key(remote: Settings):
    with open_lake(remote) as lake:
        lake.write(lambda: fill(lake, "x"), message="x")
    text = query.attach(remote, read_only=True)
    assert KEY_ID not in text
    assert SECRET not in text
    with attach.session(remote) as client:
        client.execute("drop secret forecasting_store")
        own = text.replace("'KEY_ID'", f"'{KEY_ID}'").replace("'SECRET'", f"'{SECRET}'")
        client.execute("\n".join(line for line in own.splitlines() if not line.startswith(("INSTALL", "LOAD"))))
        assert client.execute("select count(*) from history.demand").fetchone() == (ROWS,)


def test_analysts_queries_read_the_bucket_and_show_no_key(remote: Settings):
    with open_lake(remote) as lake:
        lake.write(lambda: fill(lake, "x"), message="x")
    assert query.run(remote, COUNT).values.tolist() == [[ROWS, 1]]
    for asked in ("from duckdb_settings()", "from duckdb_secrets()"):
        try:
            shown = query.run(remote, asked).to_string()
        except Exception as error:
            shown = str(error)
        assert SECRET not in shown


def test_a_registered_model_is_whole_and_what_a_killed_training_left_goes_after_a_day(
    remote: Settings, store: ObjectStore
):
    with open_lake(remote) as lake:
        files = ModelFiles(lake)
        uri, checksum = files.save(make_bundle())
        stray, _ = files.save(make_bundle(2.0))
        foreign = f"{stray.rpartition('/')[0]}/00000000-of-another-lake"
        files.put(foreign, files.contents(stray))
        boundary = datetime(2024, 1, 1, tzinfo=UTC)
        record = ModelRecord("calls-1", "calls", ["nbeats"], boundary, None, "c", uri, checksum)
        told = {"n_steps": {"nbeats": 1}, "seed": 1, "snapshot_id": 1, "run_id": "r"}
        lake.write(lambda: append_model(lake, record, **told), message="model")
        now = datetime.now(UTC)
        assert remove_stray_models(lake, now=now).files == 0
        assert remove_stray_models(lake, now=now + timedelta(days=3)).files == 2
        assert (files.has(uri), files.has(stray), files.has(foreign)) == (True, False, True)
        assert isinstance(files.load(record), Bundle)
        weights = next(path for path in store.folder.rglob("*.safetensors") if uri in str(path))
        weights.write_bytes(weights.read_bytes()[:-1])
        with pytest.raises(ModelError, match="expected sha256"):
            files.load(record)
        files.put("calls/cut-off", {MANIFEST: files.contents(uri)[MANIFEST]})
        for lacking in ("calls/nowhere", "calls/cut-off"):
            with pytest.raises(ModelError, match="no such object"):
                files.load(replace(record, uri=lacking))


def test_two_models_of_one_name_never_share_an_object(remote: Settings):
    with open_lake(remote) as lake:
        first, second = (ModelFiles(lake).save(make_bundle(number))[0] for number in (1.0, 2.0))
        assert first != second
        assert ModelFiles(lake).save(make_bundle(1.0))[0] == first


def test_keys_are_no_argument_of_any_process(remote: Settings):
    with open_lake(remote) as lake:
        lake.write(lambda: fill(lake, "x"), message="x")
        lines = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(file.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        assert not any(SECRET in line for line in lines)
    for parent, _, names in os.walk(remote.home):
        for name in names:
            assert SECRET.encode() not in (Path(parent) / name).read_bytes()
