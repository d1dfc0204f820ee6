"""An event loop whose clock jumps to the next timer, so that a test of waiting does not wait."""

from __future__ import annotations

import asyncio
import functools
import selectors
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import Any, ParamSpec, TypeVar

__all__ = ["VirtualClockLoop", "in_virtual_time", "run_in_virtual_time"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _JumpingSelector(selectors.BaseSelector):
    """Waits for sockets as another selector does; where only a timer is waited for, the clock jumps to it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.threads = 0
        """Calls in worker threads that have not returned: meanwhile the clock runs as every clock does."""
        self._sockets = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return self._sockets.select(None)
        ready = self._sockets.select(0)  # loopback has delivered what was sent before this returns
        if ready or timeout <= 0:
            return ready
        if self.threads:
            began_s = time.monotonic()
            ready = self._sockets.select(timeout)
            self.now_s += min(timeout, time.monotonic() - began_s)
            return ready
        self.now_s += timeout
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401
        return self._sockets.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401
        return self._sockets.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401
        return self._sockets.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._sockets.get_map()

    def close(self) -> None:
        self._sockets.close()


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits for its clock: when nothing else is to be done, it is the time of the next timer.

    Sockets work as ever, if both of their ends are on this loop: a `MicdropClient` calls a `FaultyServer`, and an hour
    of the call takes a second. While something runs in a worker thread (`asyncio.to_thread`), the clock runs as every
    clock does. A process, or a server on another loop, does not stop the clock: what it would have sent comes too late.
    """

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the time, in seconds since the loop was made."""
        return self._jumping.now_s

    def run_in_executor(  # type: ignore[override]  # typeshed's types of its arguments differ from version to version
        self,
        executor: Executor | None,
        func: Callable[..., _T],
        *args: Any,  # noqa: ANN401
    ) -> asyncio.Future[_T]:
        """Run a function in a worker thread; the clock does not jump meanwhile."""
        self._jumping.threads += 1
        running = super().run_in_executor(executor, func, *args)
        running.add_done_callback(self._note_return)
        return running

    def _note_return(self, _: object) -> None:
        self._jumping.threads -= 1


def run_in_virtual_time(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end on a `VirtualClockLoop` of its own."""
    loop = VirtualClockLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        try:
            loop.run_until_complete(_cancel_rest())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()


async def _cancel_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def in_virtual_time(test: Callable[_P, Coroutine[Any, Any, _T]]) -> Callable[_P, _T]:
    """Let an async test run in virtual time: pytest sees a plain function.

    Examples
    --------
    ::

        @in_virtual_time
        async def test_a_server_that_is_slow_is_waited_for():
            async with FaultyServer(script) as server, MicdropClient(server.url) as call:
                …
    """

    @functools.wraps(test)
    def run_test(*arguments: _P.args, **keywords: _P.kwargs) -> _T:
        return run_in_virtual_time(test(*arguments, **keywords))

    return run_test
