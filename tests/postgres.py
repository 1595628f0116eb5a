"""A PostgreSQL server of the tests' own, one for all, where PostgreSQL is installed: for catalogs and for Airflow."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import processes

USER = "postgres"
CONNECTIONS = 200
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server on loopback, which trusts whoever comes."""

    binaries: Path
    port: int
    folder: Path

    def address(self, database: str) -> str:
        """As SQLAlchemy names a database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def catalog(self, database: str, *, role: str = USER) -> str:
        """As FORECASTING_CATALOG names a database."""
        return f"postgres:host=127.0.0.1 port={self.port} user={role} dbname={database}"

    def create(self, database: str, *, template: str = "template1") -> str:
        """Address of a new database, a copy of `template`."""
        self._call("createdb", f"--template={template}", database)
        return self.address(database)

    def dump(self, database: str, *, to: str) -> None:
        """Restore a dump of a database as another one."""
        file = self.folder / f"{database}.dump"
        self._call("pg_dump", "--format=custom", f"--file={file}", f"--dbname={database}")
        self.create(to)
        self._call("pg_restore", f"--dbname={to}", str(file))

    def start(self) -> None:
        """Start the server, again if it was killed, and wait until it answers."""
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        settings += f" -c max_connections={CONNECTIONS}"
        log = self.folder / "log"
        _run(self.binaries / "pg_ctl", "start", "--wait", f"--pgdata={self._data}", f"--log={log}", f"-o {settings}")

    def stop(self) -> None:
        """End the server without asking anybody; one that was killed is no error."""
        if (self._data / "postmaster.pid").exists():
            _run(self.binaries / "pg_ctl", "stop", "--wait", "--mode=immediate", f"--pgdata={self._data}")

    def kill(self) -> None:
        """End the server and all that it started as kill -9 does, and wait until they are gone."""
        leader = int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        members = [leader, *(process.pid for process in processes() if process.parent == leader)]
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + KILL_SECONDS
        while not {process.pid for process in processes()}.isdisjoint(members):
            if time.monotonic() > deadline:
                break  # what is left has ended and waits for a parent that never looks
            time.sleep(0.02)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def ask(self, database: str, statement: str, *, role: str = USER) -> str:
        """What the server answers to a statement, as text."""
        quiet = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
        asked = (f"--dbname={database}", f"--command={statement}")
        return self._call("psql", *quiet, *asked, role=role).strip()

    def _call(self, program: str, *arguments: str, role: str = USER) -> str:
        to = ("--host=127.0.0.1", f"--port={self.port}", f"--username={role}")
        done = subprocess.run([self.binaries / program, *to, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def postgresql() -> Iterator[Server | None]:
    """A running server, gone with its data at the end; None where PostgreSQL is not installed."""
    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="postgres"))
    running = Server(binaries, _free_port(), folder)
    try:
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, USER, pwd.getpwnam(USER).pw_gid)
        _run(binaries / "initdb", "--auth=trust", f"--username={USER}", "--no-sync", f"--pgdata={folder / 'data'}")
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder)


def find_binaries() -> Path | None:
    """Folder of the newest installed server's programs, on the path or where Debian keeps them; None without any that
    can be run here, for which root needs its user."""
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = Path(on_path) if on_path else debian[-1] if debian else None
    if found is None or (os.geteuid() == 0 and USER not in {user.pw_name for user in pwd.getpwall()}):
        return None
    return found.resolve().parent


def _run(*command: str | Path) -> None:
    own = {"user": USER, "group": pwd.getpwnam(USER).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **own)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode()[-2000:]}"


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
