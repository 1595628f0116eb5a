"""What surrounds a command: standard streams, working folder, home, locale. One line says what is wrong with them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import define_stream, deliver, hourly_rows

PROGRAM = "from forecasting.cli.app import main; main()"
REPOSITORY = Path(__file__).parents[2]


def run(
    settings: Settings, *arguments: str, shell: str = "exec {}", folder: Path | None = None, **variables: str | None
) -> subprocess.CompletedProcess[str]:
    """A command in a shell of its own. variables: None takes one away."""
    environment = os.environ | settings.as_environment() | {"PYTHONPATH": str(REPOSITORY)} | variables
    environment = {name: value for name, value in environment.items() if value is not None}
    line = shell.format(f'"{sys.executable}" -c "{PROGRAM}" "$@"')
    return subprocess.run(
        ["bash", "-c", line, "bash", *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=300,
    )


@pytest.fixture
def home(settings) -> Settings:
    define_stream(settings, extract="select * from read_parquet($feed) where ts >= $since and ts < $until")
    deliver(settings, hourly_rows(days=28))
    return settings


INGEST = ("ingest", "usage", "--until", "2024-01-29")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shell", "reason"),
    [
        ("{} >&-", "it is closed"),
        ("{} > /dev/full", "No space left on device"),
        ("{{ {}; echo $? >&2; }} | true; exit 1", "Broken pipe"),
    ],
)
def test_output_that_nobody_takes_is_named_and_the_work_is_done(home, shell, reason):
    done = run(home, *INGEST, shell=shell)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        f"error: standard output: {reason}; the command went on to its end, what it printed is not complete"
    )
    with open_lake_to_read(home) as lake:
        assert lake.connection.execute("select status from forecast.runs").fetchall() == [("published",)]


@pytest.mark.slow
def test_errors_that_nobody_reads_change_nothing(home):
    assert run(home, *INGEST, shell="{} 2>&-").returncode == 0
    assert run(home, "ingest", "nope", shell="{} 2>/dev/full").returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", [INGEST, ("streams", "list")])
def test_working_folder_that_is_gone_is_named(home, tmp_path, command):
    gone = tmp_path / "gone"
    gone.mkdir()
    done = run(home, *command, shell=f"rmdir {gone}; {{}}", folder=gone)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: environment: the working folder is gone")
    assert not (home.home / "lake").exists()


@pytest.mark.slow
@pytest.mark.parametrize("user", [None, "/nonexistent"])
def test_without_a_home_of_the_user_and_in_a_plain_locale_all_works(home, user):
    done = run(home, *INGEST, HOME=user, LANG="C", LC_ALL="C")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_letters_that_a_terminal_cannot_show_are_written_as_codes(home):
    shutil.copy(home.streams / "usage.toml", home.streams / "żółw.toml")
    done = run(home, "streams", "list", PYTHONIOENCODING="latin-1")
    assert "\\u017c" in done.stdout
    assert "expected '\\u017c" in done.stderr
