"""An event loop whose clock jumps to the next timer, so that a test of waiting does not wait."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

__all__ = ["in_virtual_time", "run"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class _VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only when everything waits for it. What waits for threads or sockets must not wait for time too."""

    def __init__(self) -> None:
        self._virtual_s = 0.0
        super().__init__()

    def time(self) -> float:
        return self._virtual_s

    def _run_once(self) -> None:
        scheduled: list[asyncio.TimerHandle] = getattr(self, "_scheduled")  # noqa: B009 - private to asyncio
        due_s = [timer.when() for timer in scheduled if not timer.cancelled()]
        if due_s and not getattr(self, "_ready"):  # noqa: B009
            self._virtual_s = max(self._virtual_s, min(due_s))
        super()._run_once()  # type: ignore[misc]


def run(test: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end."""
    loop = _VirtualLoop()
    try:
        return loop.run_until_complete(test)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def in_virtual_time(test: Callable[_P, Coroutine[Any, Any, _T]]) -> Callable[_P, _T]:
    """Let an asynchronous test run on a loop of that kind."""

    @functools.wraps(test)
    def run_test(*arguments: _P.args, **keywords: _P.kwargs) -> _T:
        return run(test(*arguments, **keywords))

    return run_test
