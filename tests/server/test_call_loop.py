"""Work for the loop of a call, from any thread."""

from __future__ import annotations

import asyncio
import threading

from micdrop_widget.server.call_loop import CallLoop


async def test_on_the_loop_a_function_runs_at_once() -> None:
    seen: list[str] = []
    scheduled = CallLoop().run(seen.append, "now")
    assert seen == ["now"]
    await scheduled
    assert repr(scheduled) == "<scheduled on the server>"


async def test_from_another_thread_functions_run_on_the_loop_in_order() -> None:
    seen: list[tuple[int, int]] = []
    loop = CallLoop()

    def schedule() -> None:
        for number in range(3):
            loop.run(lambda n: seen.append((n, threading.get_ident())), number)

    await asyncio.to_thread(schedule)
    await asyncio.sleep(0)
    assert seen == [(number, threading.get_ident()) for number in range(3)]


def test_on_a_closed_loop_nothing_runs() -> None:
    made: list[CallLoop] = []
    seen: list[str] = []

    async def make() -> None:
        made.append(CallLoop())

    thread = threading.Thread(target=lambda: asyncio.run(make()))
    thread.start()
    thread.join()
    made[0].run(seen.append, "late")
    assert seen == []
