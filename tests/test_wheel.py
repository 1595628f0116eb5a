"""The wheel alone, in an environment of its own: SQL and definitions travel with it."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_wheel_in_an_empty_environment_checks_its_streams(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("forecasting-*.whl")
    assert "forecasting/py.typed" in ZipFile(wheel).namelist()
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", wheel], check=True, capture_output=True)
    # third-party packages are borrowed, this one is not: its editable install hides behind the wheel's own folder
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([packages, sysconfig.get_path("purelib")])}
    checked = subprocess.run(
        [home / "bin" / "forecasting", "streams", "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "call_volume" in checked.stdout
    where = "import forecasting.store.lake.sql as sql; print(sql.__file__, *sql.sql_files(None).roots)"
    places = subprocess.run(
        [python, "-c", where], cwd=tmp_path, check=True, capture_output=True, text=True, env=environment
    ).stdout.split()
    assert places == [f"{packages}/forecasting/store/lake/sql.py", f"{packages}/forecasting/sql"]
