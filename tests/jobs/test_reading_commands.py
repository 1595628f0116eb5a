"""Commands that only read change nothing, whatever home they meet; they answer, or say in one line why they cannot."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecasting.cli import app
from forecasting.jobs import forecast, ingest
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.lake.sql import SqlFiles
from tests.contact_centre import CALLS, NEXT, ORIGIN, define_centre
from tests.feeds import define_stream, deliver, hourly_rows
from tests.network import ORIGIN as LINKS_ORIGIN
from tests.network import PLANNED, TRAFFIC

DAYS = ("--from", "2024-02-03", "--to", "2024-02-04")
READING = [
    ("streams", "list"),
    ("streams", "show", "usage"),
    ("streams", "check"),
    ("sql", "select 1 as one"),
    ("sql", "select count(*) from analyst.forecast_latest"),
    ("runs", "list"),
    ("models", "list"),
    ("quarantine", "list"),
    ("quarantine", "list", "--rows"),
    ("surges", "list"),
    ("alarms", "list"),
    ("events", "list"),
    ("series", "list"),
    ("lake", "attach"),
    ("doctor",),
    ("maintain", "--dry-run"),
    ("backfill", "usage", *DAYS, "--dry-run"),
    ("explain", "forecast", "usage", "a"),
    ("explain", "staffing", "usage", "a", "2024-02-03 10:00"),
    ("explain", "capacity", "usage", "a"),
    ("plan", "usage", "--replay", "2024-02-03..2024-02-04"),
]
WITHOUT_A_LAKE = {"streams", "lake", "doctor"}
"""Commands that have an answer where there is no lake."""
NO_LAKE = "no lake here yet; set FORECASTING_HOME to its folder or run `forecasting ingest` first"
NO_STREAM = "stream 'usage' does not exist; there are "
OLDER = "this lake was made by an older version"
NOT_WRITABLE = "this user may not write the catalog's folder, which an embedded catalog needs even to read"
OF_OLD = (("sql", "select 1 as one"), ("runs", "list"))
"""Commands that ask an older lake for nothing that it lacks."""
OLD = 12
"""Schema files of the older lake: without decisions, plans and the views."""


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file and folder below a folder, with its size and a digest of its bytes.

    SQLite makes a file -shm and an empty -wal beside a catalog that somebody reads; a -wal that holds anything counts.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name.endswith("-shm") or (path.name.endswith("-wal") and not path.stat().st_size):
            continue
        data = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (len(data), hashlib.sha256(data).hexdigest())
    return found


@pytest.fixture
def ask(monkeypatch, capsys):
    """Run a command on a home as a person does; its exit code and what it printed and said on stderr."""

    def run(settings: Settings, *arguments: str) -> tuple[int, str, str]:
        for name, value in settings.as_environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["forecasting", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def check_answer(command: tuple[str, ...], code: int, out: str, err: str, *, refused: str | None = None) -> None:
    """An answer; or, where the command has to refuse, one line that says why."""
    if refused is None:
        assert out, command
        assert not err, command
        # what `doctor` finds is an answer too
        assert code == 0 or command == ("doctor",), command
    else:
        assert code in (1, 2), command
        assert err.startswith("error: "), command
        assert refused in err, command
        assert err.count("\n") == 1, command
        assert not out, command


@pytest.fixture
def defined(settings) -> Settings:
    """A home with a definition and its feed, and no lake."""
    define_stream(settings)
    deliver(settings, hourly_rows(days=35))
    return settings


@pytest.fixture
def older(defined, monkeypatch) -> Settings:
    """A home whose lake was made by a version that knew the first schema files only."""
    folder = SqlFiles.folder
    with monkeypatch.context() as patched:
        patched.setattr(SqlFiles, "folder", lambda files, name: folder(files, name)[:OLD] if name == "schema" else [])
        open_lake(defined).connection.close()
    return defined


@pytest.fixture
def frozen(defined) -> Iterator[Settings]:
    """A filled home in which nothing can be written: without the permission, or for root by a mount."""
    ingest.run(defined, "usage", until="2024-02-03")
    forecast.run(defined, "usage", origin="2024-02-03")
    home = str(defined.home)
    if os.geteuid() == 0:
        bound = subprocess.run(["mount", "--bind", home, home], capture_output=True, check=False)
        if bound.returncode:
            pytest.skip("needs a home that root cannot write: this machine lets nobody mount one")
        subprocess.run(["mount", "-o", "remount,ro,bind", home], check=True)
        yield defined
        subprocess.run(["umount", "--lazy", home], check=True)
        return
    subprocess.run(["chmod", "-R", "a-w", home], check=True)
    yield defined
    subprocess.run(["chmod", "-R", "u+w", home], check=True)


def test_a_home_without_a_lake_gets_none(defined, ask):
    before = contents(defined.home)
    for command in READING:
        check_answer(command, *ask(defined, *command), refused=None if command[0] in WITHOUT_A_LAKE else NO_LAKE)
        assert contents(defined.home) == before, command


def test_a_plan_and_its_export_make_no_lake(settings, ask):
    define_centre(settings)
    before = contents(settings.home)
    plans = settings.home / "plans"
    code, _, err = ask(settings, "plan", CALLS, "--origin", ORIGIN, "--export", str(plans))
    assert (code, contents(settings.home)) == (2, before)
    assert "no lake here yet" in err


def test_an_empty_folder_stays_empty(settings, ask):
    settings.home.mkdir()
    for command in READING:
        refused = NO_STREAM if "usage" in command else None if command[0] in WITHOUT_A_LAKE else NO_LAKE
        check_answer(command, *ask(settings, *command), refused=refused)
        assert list(settings.home.iterdir()) == [], command


def test_an_older_lake_is_read_as_it_is(older, ask):
    before = contents(older.home)
    for command in READING:
        refused = None if command[0] in WITHOUT_A_LAKE or command in OF_OLD else OLDER
        check_answer(command, *ask(older, *command), refused=refused)
        assert contents(older.home) == before, command
    with open_lake_to_read(older) as lake:
        assert len(lake.rows("lake/migrations.sql")) == OLD


def test_a_home_that_cannot_be_written_is_read_or_says_so(frozen, ask):
    before = contents(frozen.home)
    for command in READING:
        refused = None if command[0] in WITHOUT_A_LAKE else NOT_WRITABLE
        check_answer(command, *ask(frozen, *command), refused=refused)
        assert contents(frozen.home) == before, command


def test_plans_are_explained_and_replayed_without_a_change(centre, network, ask):
    questions = [
        (centre, ("explain", "staffing", CALLS, "care", f"{ORIGIN} 10:00", "--origin", ORIGIN)),
        (network, ("explain", "capacity", TRAFFIC, PLANNED[0], "--origin", LINKS_ORIGIN)),
        (centre, ("plan", CALLS, "--replay", f"{NEXT}..{NEXT}", "--lead", "1d")),
        (centre, ("maintain", "--dry-run")),
        (centre, ("doctor",)),
    ]
    for settings, command in questions:
        before = contents(settings.home)
        check_answer(command, *ask(settings, *command))
        assert contents(settings.home) == before, command
