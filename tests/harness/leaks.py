"""Nothing may be left of a call: no task, no socket, no timer, no exception that nobody saw."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

__all__ = ["clean_loop", "open_sockets", "our_tasks", "tasks", "timers", "until"]


def tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks of this loop, but for the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}


def our_tasks() -> list[asyncio.Task[Any]]:
    """Return the tasks of this loop that run code of the package."""
    return [task for task in tasks() if "/micdrop_widget/" in repr(task)]


def timers() -> list[Any]:
    """Return the timers that will still fire."""
    scheduled: list[asyncio.TimerHandle] = getattr(asyncio.get_running_loop(), "_scheduled")  # noqa: B009 - private
    return [timer for timer in scheduled if not timer.cancelled()]


def open_sockets() -> set[str]:
    """Return the sockets of this process."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


async def until(condition: Callable[[], object], limit_s: float = 10) -> None:
    """Let the loop run until a condition holds; for what has no event to wait for."""
    loop = asyncio.get_running_loop()
    end = loop.time() + limit_s
    while not condition():
        assert loop.time() < end, "it never came about"
        await asyncio.sleep(0.002)


@pytest.fixture
async def clean_loop() -> AsyncIterator[None]:
    """Check that the test leaves the loop as it found it."""
    loop = asyncio.get_running_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    before, sockets = tasks(), open_sockets()
    yield
    await until(lambda: tasks() <= before and not timers(), 5)
    await until(lambda: open_sockets() <= sockets, 5)
    gc.collect(1)  # a task that failed unseen says so when it is collected
    await asyncio.sleep(0)
    assert failures == []
