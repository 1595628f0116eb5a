"""A night whose data, models and feeds lie in an S3 store, from a home of this machine's and from another one."""

from pathlib import Path

import pandas as pd

from forecasting.jobs import forecast, ingest
from forecasting.jobs.training import train
from forecasting.jobs.upkeep import doctor, maintain, query
from forecasting.settings import Settings, read_settings
from tests.feeds import define_stream, hourly_rows
from tests.object_store import ObjectStore
from tests.quick_training import MEMBERS, tune_two_steps

ORIGIN = "2024-02-12"


def deliver_to_bucket(store: ObjectStore, settings: Settings, rows: pd.DataFrame) -> None:
    place = settings.data.removeprefix("s3://").replace("/data", "/feeds")
    folder = store.folder / place
    folder.mkdir(parents=True)
    rows.to_parquet(folder / "usage.parquet", index=False)
    definition = settings.streams / "usage.toml"
    text = definition.read_text(encoding="utf-8")
    definition.write_text(text.replace('"feeds/usage/*.parquet"', f'"s3://{place}/*.parquet"'), encoding="utf-8")


def test_a_night_in_a_bucket_is_that_of_a_folder(remote: Settings, store: ObjectStore, tmp_path: Path, monkeypatch):
    tune_two_steps(monkeypatch)
    local = read_settings({"FORECASTING_HOME": str(tmp_path / "local")})
    rows = hourly_rows(days=42)
    nights = []
    for settings in (remote, local):
        define_stream(settings, members=MEMBERS)
        if settings is local:
            feed = local.home / "feeds" / "usage"
            feed.mkdir(parents=True)
            rows.to_parquet(feed / "usage.parquet", index=False)
        else:
            deliver_to_bucket(store, settings, rows)
        ingest.run(settings, "usage", until=ORIGIN)
        assert train.run(settings, "usage", origin=ORIGIN).status == "published"
        # another machine: it has only the definition
        other = settings.model_copy(update={"home": tmp_path / "nowhere"})
        assert forecast.run(other, "usage", origin=ORIGIN).status == "published"
        nights.append(query.run(settings, "select * exclude (run_id) from forecast.forecasts order by series_id, ts"))
    pd.testing.assert_frame_equal(*nights, check_exact=True)
    assert not (remote.home / "lake" / "data").exists()
    assert not (remote.home / "lake" / "models").exists()
    assert [one.message for one in doctor.run(remote) if one.verdict == "error"] == []
    assert maintain.run(remote).status == "unchanged"
