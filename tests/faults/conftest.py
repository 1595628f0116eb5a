"""Fixtures: a disk that is soon full, and quick connections."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extensions import trust_extensions

trust_extensions()

MOUNT = "mkdir -p $1 && mount -t tmpfs -o size=$2 tmpfs $1"
SIZE = "24m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of 24 MiB.

    Root mounts it; anybody else does so in a name space of their own, into which one sees through /proc.
    """
    folder = tmp_path / "disk"
    arguments = ["sh", str(folder), SIZE]
    if subprocess.run(["sh", "-c", MOUNT, *arguments], capture_output=True, check=False).returncode == 0:
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    script = f"{MOUNT} && echo mounted && exec sleep 3600"
    with subprocess.Popen(["unshare", "-rm", "sh", "-c", script, *arguments], stdout=subprocess.PIPE) as holder:
        if holder.stdout is None or holder.stdout.readline() != b"mounted\n":
            pytest.skip("needs a small file system: this machine lets nobody mount a tmpfs, not even in a name space")
        yield Path(f"/proc/{holder.pid}/root{folder}")
        holder.kill()
