"""A disk that is full while something is written: one clear line, nothing half-written, and all works again after."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from forecasting.errors import ModelError
from forecasting.settings import read_settings
from forecasting.store.files.models import Bundle, load_bundle, save_bundle
from tests.faults.processes import assert_one_line, command
from tests.feeds import define_stream, deliver, hourly_rows

ROWS = 2 * 48
COUNT = "select count(*) as rows, count(distinct run_id) as runs from analyst.forecast_latest"


@contextmanager
def filled(disk: Path, *, left: int) -> Iterator[None]:
    """Leave this many bytes free on a disk."""
    filler = disk / "filler"
    filler.write_bytes(bytes(max(shutil.disk_usage(disk).free - left, 0)))
    try:
        yield
    finally:
        filler.unlink()


@pytest.mark.slow
def test_full_disk_of_the_data_stops_ingest_and_publication_but_no_reader(tmp_path, small_disk):
    data = small_disk / "data"
    settings = read_settings({"FORECASTING_HOME": str(tmp_path / "home"), "FORECASTING_DATA": str(data)})
    define_stream(settings)
    deliver(settings, hourly_rows(days=31))
    assert command(settings, "run", "usage", "--origin", "2024-01-29").code == 0
    with filled(small_disk, left=0):
        for step in (["ingest", "usage", "--until", "2024-01-30"], ["forecast", "usage", "--origin", "2024-01-28"]):
            failed = command(settings, *step)
            assert failed.code == 1
            assert_one_line(failed.err)
            assert f"{data}: the disk is full" in failed.err
        read = command(settings, "sql", COUNT)
        assert (read.code, read.out.split()[1]) == (0, f"{ROWS},1")
    assert command(settings, "run", "usage", "--origin", "2024-01-30").code == 0
    runs = command(
        settings, "sql", "select status from forecast.runs where kind in ('ingest', 'manual') order by started_at"
    )
    assert runs.out.split()[1:] == ["published", "published", "failed", "failed", "published", "published"]
    assert command(settings, "sql", COUNT).out.split()[1] == f"{ROWS},1"


@pytest.mark.slow
def test_full_disk_of_the_whole_home_is_named_at_whichever_step_it_fills(small_disk):
    settings = read_settings({"FORECASTING_HOME": str(small_disk / "home")})
    define_stream(settings)
    deliver(settings, hourly_rows(days=31))
    assert command(settings, "run", "usage", "--origin", "2024-01-29").code == 0
    steps, code, left = set(), 1, 0
    while code:
        with filled(small_disk, left=left):
            finished = command(settings, "forecast", "usage", "--origin", "2024-01-28")
        code, left = finished.code, left + 8192
        assert code in (0, 1)
        if code:
            assert_one_line(finished.err)
            steps |= set(re.findall(r"the disk is full \((\w+)\)", finished.err)) or {finished.err}
            read = command(settings, "sql", "select distinct origin from forecast.publications")
            assert (read.code, read.out.split()[1]) == (0, "2024-01-29")
    assert steps == {"attach", "write"}
    assert command(settings, "sql", "select count(*) from forecast.publications").out.split()[1] == "2"


def test_full_disk_leaves_the_old_model_whole(small_disk):
    def bundle(value: float) -> Bundle:
        weights = {"layer": np.full(100_000, value, np.float32)}
        return Bundle("calls", "calls-1", 42, {"nbeats": ({"kind": "nbeats"}, weights)})

    folder = small_disk / "models" / "calls-1"
    checksum = save_bundle(folder, bundle(1.0))
    with filled(small_disk, left=100_000), pytest.raises(ModelError, match=r"No space left on device.*free") as failure:
        save_bundle(folder, bundle(2.0))
    assert "\n" not in str(failure.value)
    assert (
        load_bundle(folder, stream="calls", model_id="calls-1", checksum=checksum).members["nbeats"][1]["layer"][0] == 1
    )
    assert [path.name for path in folder.parent.iterdir()] == ["calls-1"]
