"""Which process a run is at work in, and whether that one is gone."""

import os
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_STARTED = 19
"""Place of the start time in `/proc/PID/stat`, counted behind the name, which may hold spaces (proc(5), field 22)."""


def this_process() -> str | None:
    """Text that no other process ever has, on this machine or another; None where the system does not say.

    The boot of the machine, the namespace of process numbers (a container has its own), the number and the start time.
    """
    place, started = _place(), _started(os.getpid())
    return f"{place}/{os.getpid()}/{started}" if place and started else None


def is_gone(process: str) -> bool:
    """Whether the process of a text of `this_process` has ended, as far as this machine can know: False for others."""
    return _is_here(process) and not _runs(process)


def is_at_work(process: str) -> bool:
    """Whether the process of such a text is at work on this machine, whatever its clock says."""
    return _is_here(process) and _runs(process)


def _is_here(process: str) -> bool:
    place, number, _ = process.rsplit("/", 2)
    return place == _place() and number.isdigit()


def _runs(process: str) -> bool:
    _, number, started = process.rsplit("/", 2)
    return _started(int(number)) == started


def _place() -> str | None:
    try:
        return f"{_BOOT.read_text(encoding='ascii').strip()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


def _started(number: int) -> str | None:
    """Start time of a process in ticks since the boot; None where there is none of that number."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    # a zombie has ended, though nobody has asked yet how
    return None if fields[0] in "ZX" else fields[_STARTED]
