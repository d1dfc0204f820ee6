"""The observer thread: in order, one at a time, and never leaked."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from contextvars import ContextVar

import pytest

from micdrop_widget.jupyter import observer as _observer
from micdrop_widget.jupyter.observer import ObserverThread, UserHandler


def test_functions_run_in_the_order_they_were_posted_never_two_at_once() -> None:
    observer = ObserverThread("observer")
    ran: list[int] = []
    running = threading.Lock()

    def run(number: int) -> None:
        assert running.acquire(blocking=False)
        ran.append(number)
        running.release()

    def post(numbers: range) -> None:
        for number in numbers:
            observer.post(lambda number=number: run(number))  # type: ignore[misc]

    threads = [threading.Thread(target=post, args=(range(start, start + 500),)) for start in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    observer.stop()
    assert [number for number in ran if number < 1000] == list(range(500))
    assert [number for number in ran if number >= 1000] == list(range(1000, 1500))


def test_one_that_raises_does_not_stop_the_next(caplog: pytest.LogCaptureFixture) -> None:
    observer = ObserverThread("observer")
    ran: list[str] = []
    observer.post(lambda: 1 / 0)
    observer.post(lambda: ran.append("next"))
    observer.stop()
    assert ran == ["next"]
    assert "ZeroDivisionError" in caplog.text


def test_stop_runs_what_was_posted_and_leaves_no_thread() -> None:
    observer = ObserverThread("observer-stopped")
    ran: list[int] = []
    observer.post(lambda: time.sleep(0.05))
    observer.post(lambda: ran.append(1))
    observer.stop()
    observer.stop()
    assert ran == [1]
    assert "observer-stopped" not in [thread.name for thread in threading.enumerate()]


def test_an_outcome_comes_after_what_was_posted_before_it() -> None:
    observer = ObserverThread("observer")
    ran: list[str] = []
    outcome: Future[int] = Future()
    settled = observer.after(outcome)
    observer.post(lambda: time.sleep(0.05))
    observer.post(lambda: ran.append("trait"))
    outcome.set_result(7)
    assert settled.result(timeout=10) == 7
    assert ran == ["trait"]
    failed: Future[int] = Future()
    settled = observer.after(failed)
    failed.set_exception(KeyError("why"))
    with pytest.raises(KeyError):
        settled.result(timeout=10)
    given_up: Future[int] = Future()
    settled = observer.after(given_up)
    given_up.cancel()
    observer.stop()
    assert settled.cancelled()


def test_on_the_observer_thread_an_outcome_is_not_held_back() -> None:
    observer = ObserverThread("observer")
    outcome: Future[int] = Future()
    same: list[bool] = []
    observer.post(lambda: same.append(observer.after(outcome) is outcome))
    observer.stop()
    assert same == [True]


def test_an_idle_thread_ends_and_the_next_function_starts_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_observer, "_IDLE_S", 0.01)
    observer = ObserverThread("observer-idle")
    threads: list[threading.Thread] = []
    observer.post(lambda: threads.append(threading.current_thread()))
    while not threads:
        time.sleep(0.001)
    threads[0].join(timeout=10)
    assert not threads[0].is_alive()
    observer.post(lambda: threads.append(threading.current_thread()))
    observer.stop()
    assert len(threads) == 2


def test_a_handler_runs_in_the_context_it_was_registered_in(capsys: pytest.CaptureFixture[str]) -> None:
    cell: ContextVar[str] = ContextVar("cell", default="none")
    cell.set("registered")
    seen: list[str] = []
    handler = UserHandler(lambda: seen.append(cell.get()))
    cell.set("later")
    observer = ObserverThread("observer")
    observer.post(handler)
    observer.stop()
    assert seen == ["registered"]


def test_a_handler_that_raises_shows_its_traceback_and_harms_nobody(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    UserHandler(lambda: 1 / 0)()
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert "a handler failed" in caplog.text


def test_a_coroutine_handler_runs_to_its_end() -> None:
    seen: list[int] = []

    async def handler(value: int) -> None:
        seen.append(value)

    UserHandler(handler)(7)
    assert seen == [7]


def test_a_wrapped_handler_equals_the_handler() -> None:
    def handler() -> None: ...

    assert UserHandler(handler) == handler
    assert handler in [UserHandler(handler)]
    assert hash(UserHandler(handler)) == hash(handler)
    assert UserHandler(handler) != print
