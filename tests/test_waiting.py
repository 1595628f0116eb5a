"""The tests' own waits: they last as long as something moves."""

import itertools
import os
import subprocess
import sys

import pytest

from tests import waiting
from tests.waiting import StalledError, descendants_seconds, processes, run_to_its_end, sizes, wait_until

SPIN = "import time\nwhile time.process_time() < {seconds}: pass\nprint('done')"


class Clock:
    """A clock on which a second of sleep takes no time."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


def test_first_true_value_is_returned(clock):
    values = iter([None, 0, "", "there", "later"])
    assert wait_until(lambda: next(values), "it", moving=lambda: 0) == "there"
    assert clock.now == pytest.approx(3 * waiting.POLL_SECONDS)


def test_a_wait_goes_on_for_as_long_as_something_moves(clock):
    assert wait_until(lambda: clock.now > 50, "it", moving=lambda: clock.now // 9, patience=10, poll=1)
    assert clock.now == 51


def test_a_wait_ends_when_nothing_moves_any_more(clock):
    with pytest.raises(StalledError, match=r"waited for the end: nothing has moved for 11 s\nthe log"):
        wait_until(
            *(lambda: False, "the end"),
            moving=lambda: min(clock.now, 30),
            patience=10,
            poll=1,
            explain=lambda: "the log",
        )
    assert clock.now == 41


def test_one_that_moves_in_circles_is_not_waited_for_without_end(clock):
    circle = itertools.cycle(range(3))
    with pytest.raises(StalledError, match="still moving, but not there after 101 s"):
        wait_until(lambda: False, "it", moving=lambda: next(circle), patience=10, at_most=100, poll=1)


def test_processor_time_of_a_child_and_of_its_child_moves(monkeypatch):
    nested = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {SPIN.format(seconds=0.3)!r}])\ninput()"
    with subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:

        def family() -> list[waiting.Process]:
            """Without what earlier tests left running: what of it ends takes its processor time away."""
            return [one for one in processes() if one.pid == os.getpid() or child.pid in (one.pid, one.parent)]

        monkeypatch.setattr(waiting, "processes", family)
        wait_until(lambda: descendants_seconds() >= 0.3, "the grandchild", patience=60)
        assert any(process.pid == child.pid for process in processes())
        child.communicate(b"\n")


def test_a_command_that_sleeps_is_ended_with_its_output():
    code = "import time\nprint('asleep', flush=True)\ntime.sleep(3600)"
    before = children()
    with pytest.raises(StalledError, match=r"(?s)nothing has moved.*asleep"):
        run_to_its_end([sys.executable, "-c", code], patience=3.0)
    assert children() <= before  # what earlier tests left running may have ended meanwhile


def children() -> set[int]:
    return {process.pid for process in processes() if process.parent == os.getpid()}


def test_exit_code_and_errors_are_returned(tmp_path):
    code = "import os, sys\nsys.stderr.write(os.environ['WORD'] + os.getcwd())\nsys.exit(3)"
    done = run_to_its_end([sys.executable, "-c", code], env={"WORD": "in "}, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"in {tmp_path}")


def test_sizes_of_files(tmp_path):
    (tmp_path / "log").write_text("four")
    assert sizes([tmp_path / "log", tmp_path / "none"]) == [4, -1]
