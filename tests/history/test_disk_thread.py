"""Threads that write: the end of a call, and of the process, whatever the disk does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.history import disk_thread
from micdrop_widget.history.disk_thread import ClosingThreads, DiskThread, reporting_to
from tests.harness.leaks import until


class _Thread(DiskThread):
    """Writes nothing until its disk is let go."""

    def __init__(self, failed: list[MicdropError], fault: OSError | None = None) -> None:
        super().__init__("test-disk", failed.append)
        self.disk = threading.Event()
        self.dropped = False
        self._fault = fault
        self._start()

    def _write_all(self) -> None:
        self.disk.wait(10)
        if self._fault is not None:
            raise self._fault

    def _release(self) -> None:
        pass

    def _drop_pending(self) -> None:
        self.dropped = True

    def _error(self, why: str) -> MicdropError:
        return MicdropError(MicdropErrorCode.Unknown, why, "")


async def test_one_that_is_closed_writes_the_rest_in_the_background() -> None:
    failed: list[MicdropError] = []
    thread, closing = _Thread(failed), ClosingThreads()
    closing.close(thread)
    closed = asyncio.ensure_future(closing.closed())
    await asyncio.sleep(0)
    assert not closed.done()
    thread.disk.set()
    await closed
    assert thread.wait_closed(0)
    assert failed == []
    told: list[bool] = []
    thread.close(lambda: told.append(True))  # it is closed already
    assert told == [True]


async def test_a_disk_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_thread, "CLOSE_TIMEOUT_S", 0.01)
    failed: list[MicdropError] = []
    thread, closing = _Thread(failed), ClosingThreads()
    closing.close(thread)
    await closing.closed()
    assert [error.message for error in failed] == ["the disk took longer than 0.01 s to take the rest"]
    assert thread.dropped
    thread.disk.set()
    await until(lambda: thread.wait_closed(0))
    assert len(failed) == 1


def test_a_failure_is_reported_once() -> None:
    failed: list[MicdropError] = []
    thread = _Thread(failed, OSError(28, "No space left on device"))
    thread.disk.set()
    assert thread.wait_closed(10)
    thread.give_up()
    assert [error.message for error in failed] == ["No space left on device"]


async def test_a_report_comes_on_the_loop() -> None:
    told: list[tuple[MicdropError, threading.Thread]] = []
    report = reporting_to(lambda error: told.append((error, threading.current_thread())))
    error = MicdropError(MicdropErrorCode.Unknown, "full", "")
    await asyncio.to_thread(report, error)
    await until(lambda: told)
    assert told == [(error, threading.current_thread())]


def test_a_process_that_ends_lets_them_write_the_rest() -> None:
    code = """
import sys, threading, time
from micdrop_widget.history.disk_thread import DiskThread

class Slow(DiskThread):
    def __init__(self):
        super().__init__("slow", print)
        self._start()
    def _write_all(self):
        with self._changed:
            self._changed.wait_for(lambda: self._closing)
        sys.stdout.write("the rest")
        sys.stdout.flush()
    def _release(self): pass
    def _drop_pending(self): pass
    def _error(self, why): pass

kept = Slow()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert ended.stdout == "the rest"
