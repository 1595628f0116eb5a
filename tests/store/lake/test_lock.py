"""The writer lock."""

import os
import threading
import time

import pytest

from forecasting.errors import LakeBusyError, LakeError
from forecasting.store.lake.lock import hold_writer_lock


def test_lock_names_its_holder_and_is_free_afterwards(tmp_path):
    path = tmp_path / "writer.lock"
    for _ in range(2):
        with hold_writer_lock(path):
            assert path.read_text() == f"{os.getpid()}\n"


def test_second_holder_is_refused_with_the_name_of_the_first(tmp_path):
    path = tmp_path / "writer.lock"
    with (
        hold_writer_lock(path),
        pytest.raises(LakeBusyError, match=f"process {os.getpid()} has been writing for over 0 s"),
        hold_writer_lock(path, patience_seconds=0),
    ):
        pass
    with hold_writer_lock(path, patience_seconds=0):
        pass


def test_lock_is_free_after_an_error_inside(tmp_path):
    with pytest.raises(ValueError, match="inside"), hold_writer_lock(tmp_path / "writer.lock"):
        raise ValueError("inside")
    with hold_writer_lock(tmp_path / "writer.lock", patience_seconds=0):
        pass


def test_those_who_wait_come_in_one_at_a_time(tmp_path):
    inside, most = 0, []

    def work() -> None:
        nonlocal inside
        with hold_writer_lock(tmp_path / "writer.lock"):
            inside += 1
            most.append(inside)
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_folder_that_is_not_there_is_told(tmp_path):
    with (
        pytest.raises(LakeError, match=r"cannot open the lock: No such file.*writing needs this folder"),
        hold_writer_lock(tmp_path / "x" / "l"),
    ):
        pass
