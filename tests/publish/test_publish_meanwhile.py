"""Work that a copy of the process does: the same result, whatever becomes of the copy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from surveys.profiles import meanwhile as copies
from surveys.profiles.meanwhile import meanwhile

HERE = os.getpid()


@pytest.fixture
def able(monkeypatch):
    """As if this process were alone on two cores: tests have threads of their own."""
    monkeypatch.setattr(copies, "_able", lambda: True)


def test_another_process_does_it_and_this_one_goes_on(able):
    begun, go = os.pipe()
    with meanwhile(lambda: (os.read(begun, 1), os.getpid()), large=True) as found:
        # It has not been waited for: only now is there anything to read.
        os.write(go, b"x")
        said, who = found()
    assert said == b"x"
    assert who != HERE
    for one in (begun, go):
        os.close(one)


def test_small_work_is_done_here(able):
    with meanwhile(os.getpid, large=False) as found:
        assert found() == os.getpid()


def test_beside_other_threads_it_is_done_here():
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        with meanwhile(os.getpid, large=True) as found:
            assert found() == os.getpid()
    finally:
        over.set()
        other.join()


def test_what_a_copy_that_is_killed_would_have_done_is_done_here(able):
    def work():
        if os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    with meanwhile(work, large=True) as found:
        assert found() == "done"


def test_what_goes_wrong_in_a_copy_is_raised_here(able):
    with pytest.raises(ValueError, match="five"), meanwhile(lambda: int("five"), large=True) as it:
        it()


def test_what_cannot_be_handed_over_is_made_here(able):
    with meanwhile(lambda: lambda: 3, large=True) as found:
        assert found()() == 3


def test_nothing_is_left_running_where_nobody_waits(able):
    told, tell = os.pipe()

    def work():
        os.write(tell, str(os.getpid()).encode())
        time.sleep(60)

    with meanwhile(work, large=True):
        other = int(os.read(told, 20))
    with pytest.raises(ProcessLookupError):
        os.kill(other, 0)
    for one in (told, tell):
        os.close(one)


def test_a_copy_ends_where_its_parent_is_gone():
    program = """
import os, time
from surveys.profiles.meanwhile import meanwhile

def work():
    print("at it", flush=True)
    time.sleep(0.2)
    return bytes(10**6)

with meanwhile(work, large=True):
    time.sleep(0.1)
    os._exit(0)
"""
    # What is printed ends when nobody is left who could print.
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, timeout=30)
