"""Threads of our own: loops and the leases that share one, workers, and what hangs on them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest

from micdrop_widget._threads import DaemonExecutor, Lease, LoopThread, WorkerThread


def threads(name: str = "micdrop-loop") -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def test_a_thread_runs_coroutines_and_calls_in_order_until_it_stops() -> None:
    thread = LoopThread("test-loop")
    order: list[int] = []

    async def where() -> str:
        order.append(len(order))
        return threading.current_thread().name

    thread.call(order.append, 0)
    assert thread.submit(where()).result(5) == "test-loop"
    assert order == [0, 1]
    thread.stop()
    assert threads("test-loop") == 0


def test_stop_cancels_what_still_runs_and_lets_it_clean_up() -> None:
    thread = LoopThread("test-loop")
    began, cleaned = threading.Event(), threading.Event()

    async def forever() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    future = thread.submit(forever())
    assert began.wait(5)
    thread.stop()
    assert cleaned.is_set()
    assert future.cancelled()


def test_stop_from_the_thread_itself_does_not_wait_for_itself() -> None:
    thread = LoopThread("test-loop")
    thread.call(thread.stop)
    for running in threading.enumerate():
        if running.name == "test-loop":
            running.join(5)
    assert threads("test-loop") == 0


def test_all_leases_share_one_thread_that_ends_with_the_last() -> None:
    assert threads() == 0
    one, other = Lease(), Lease()
    assert one.thread is other.thread
    assert threads() == 1
    one.release()
    one.release()
    assert threads() == 1
    other.release()
    assert threads() == 0
    again = Lease()
    assert again.thread is not one.thread
    assert again.thread.submit(asyncio.sleep(0, "alive")).result(5) == "alive"
    again.release()
    assert threads() == 0


@pytest.mark.parametrize("times", [1, 20])
def test_leases_taken_and_released_from_many_threads_at_once_leave_nothing(times: int) -> None:
    failures: list[BaseException] = []
    gate = threading.Barrier(8)

    def use() -> None:
        try:
            gate.wait(5)
            for _ in range(times):
                lease = Lease()
                assert lease.thread.submit(asyncio.sleep(0, "alive")).result(5) == "alive"
                lease.release()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to show it
            failures.append(error)

    users = [threading.Thread(target=use) for _ in range(8)]
    for user in users:
        user.start()
    for user in users:
        user.join(30)
    assert failures == []
    assert threads() == 0


def test_a_loop_that_hangs_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    thread = LoopThread("test-hung")
    release = threading.Event()
    thread.call(release.wait, 30)
    thread.stop(join_s=0.01)
    assert "test-hung did not end within 0.01 s" in caplog.text
    release.set()
    thread.stop()
    thread.stop()
    thread.call(pytest.fail, "after the end")
    assert threads("test-hung") == 0


def test_a_loops_executor_runs_what_blocks_beside_it_and_ends_with_it() -> None:
    thread = LoopThread("test-loop")

    async def beside() -> tuple[str, list[int]]:
        name = await asyncio.to_thread(lambda: threading.current_thread().name)
        return name, await asyncio.gather(*(asyncio.to_thread(int, str(n)) for n in range(100)))

    name, numbers = thread.submit(beside()).result(10)
    assert name == "test-loop-worker"
    assert numbers == [*range(100)]
    thread.stop()
    assert threads("test-loop-worker") == threads("test-loop") == 0


def test_an_executor_hands_on_what_was_raised_and_accepts_nothing_after_its_end() -> None:
    executor = DaemonExecutor("test-executor")
    with pytest.raises(ZeroDivisionError):
        executor.submit(lambda: 1 / 0).result(10)
    executor.shutdown()
    executor.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(int)
    assert threads("test-executor") == 0


def test_an_executor_reuses_a_thread_that_is_idle() -> None:
    executor = DaemonExecutor("test-executor")
    names = set()
    for _ in range(10):
        names.add(executor.submit(threading.get_ident).result(10))
        while not executor._idle:
            pass  # the thread says so right after
    executor.shutdown()
    assert len(names) == 1


HANG = """
import asyncio, threading
from micdrop_widget._threads import Lease

hung = threading.Event()

def predict():
    hung.set()
    threading.Event().wait()

lease = Lease()
lease.thread.submit(asyncio.to_thread(predict))
hung.wait()
lease.release()
print("released")
"""


def test_a_prediction_that_hangs_hangs_neither_the_release_nor_the_exit_of_the_process() -> None:
    ended = subprocess.run([sys.executable, "-c", HANG], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "released\n"


def test_functions_run_in_the_order_they_were_posted_never_two_at_once() -> None:
    worker = WorkerThread("worker")
    ran: list[int] = []
    running = threading.Lock()

    def run(number: int) -> None:
        assert running.acquire(blocking=False)
        ran.append(number)
        running.release()

    def post(numbers: range) -> None:
        for number in numbers:
            worker.post(lambda number=number: run(number))  # type: ignore[misc]

    threads = [threading.Thread(target=post, args=(range(start, start + 500),)) for start in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worker.stop()
    assert [number for number in ran if number < 1000] == list(range(500))
    assert [number for number in ran if number >= 1000] == list(range(1000, 1500))


def test_one_that_raises_does_not_stop_the_next(caplog: pytest.LogCaptureFixture) -> None:
    worker = WorkerThread("worker")
    ran: list[str] = []
    worker.post(lambda: 1 / 0)
    worker.post(lambda: ran.append("next"))
    worker.stop()
    assert ran == ["next"]
    assert "ZeroDivisionError" in caplog.text


def test_stop_runs_what_was_posted_and_leaves_no_thread() -> None:
    worker = WorkerThread("worker-stopped")
    ran: list[int] = []
    gate = threading.Event()
    worker.post(lambda: gate.wait(10))
    worker.post(lambda: ran.append(1))
    threading.Timer(0.01, gate.set).start()
    worker.stop()
    worker.stop()
    assert ran == [1]
    assert threads("worker-stopped") == 0


def test_what_is_posted_after_stop_runs_and_leaves_no_thread() -> None:
    worker = WorkerThread("worker-late")
    ran: list[threading.Thread] = []
    worker.post(lambda: worker.post(lambda: ran.append(threading.current_thread())))
    worker.stop()
    assert len(ran) == 1, "posted while it stopped"
    done = threading.Event()
    worker.post(lambda: ran.append(threading.current_thread()))
    worker.post(done.set)
    assert done.wait(10)
    ran[1].join(10)
    assert threads("worker-late") == 0, "nobody has stopped it again"


def test_a_function_that_hangs_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    worker = WorkerThread("worker-hung")
    release = threading.Event()
    worker.post(lambda: release.wait(30))
    worker.stop(join_s=0.01)
    assert threads("worker-hung") == 1
    assert "worker-hung did not end within 0.01 s" in caplog.text
    release.set()
    worker.stop()
    assert threads("worker-hung") == 0


def test_an_outcome_comes_after_what_was_posted_before_it() -> None:
    worker = WorkerThread("worker")
    ran: list[str] = []
    outcome: Future[int] = Future()
    settled = worker.after(outcome)
    gate = threading.Event()
    worker.post(lambda: gate.wait(10))
    worker.post(lambda: ran.append("trait"))
    outcome.set_result(7)
    assert not settled.done()
    gate.set()
    assert settled.result(timeout=10) == 7
    assert ran == ["trait"]
    failed: Future[int] = Future()
    settled = worker.after(failed)
    failed.set_exception(KeyError("why"))
    with pytest.raises(KeyError):
        settled.result(timeout=10)
    given_up: Future[int] = Future()
    settled = worker.after(given_up)
    given_up.cancel()
    worker.stop()
    assert settled.cancelled()


def test_on_the_worker_thread_an_outcome_is_not_held_back() -> None:
    worker = WorkerThread("worker")
    outcome: Future[int] = Future()
    same: list[bool] = []
    worker.post(lambda: same.append(worker.after(outcome) is outcome))
    worker.stop()
    assert same == [True]


def test_an_idle_thread_ends_and_the_next_function_starts_it_again() -> None:
    worker = WorkerThread("worker-idle", idle_s=0.01)
    ran_on: list[threading.Thread] = []
    ran = threading.Event()

    def run() -> None:
        ran_on.append(threading.current_thread())
        ran.set()

    worker.post(run)
    assert ran.wait(10)
    ran_on[0].join(timeout=10)
    assert not ran_on[0].is_alive()
    worker.post(run)
    worker.stop()
    assert len(ran_on) == 2
