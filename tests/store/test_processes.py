"""A process is known again, and known to be gone."""

import multiprocessing
import os
import signal
import time

from forecasting.store.processes import is_at_work, is_gone, this_process


def report(pipe) -> None:
    pipe.send(this_process())
    time.sleep(600)


def test_a_process_at_work_is_not_gone():
    process = this_process()
    assert process is not None
    assert str(os.getpid()) in process
    assert is_at_work(process)
    assert not is_gone(process)


def test_a_killed_process_is_gone_even_before_anybody_asked_for_it():
    own, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=report, args=(theirs,))
    child.start()
    process = own.recv()
    assert not is_gone(process)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    # not reaped: it stays in the process table
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(process)
    assert not is_at_work(process)
    child.join()
    assert is_gone(process)


def test_a_number_that_another_process_has_now_is_gone():
    place, number, started = this_process().rsplit("/", 2)
    assert is_gone(f"{place}/{number}/{int(started) - 1}")


def test_nothing_is_known_of_processes_elsewhere():
    _, number, started = this_process().rsplit("/", 2)
    assert not is_gone(f"another-boot/pid:[1]/{number}/{int(started) - 1}")
    assert not is_at_work(f"another-boot/pid:[1]/{number}/{started}")
