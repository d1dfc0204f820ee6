"""The task that makes a call's answer: one at a time, and each may be interrupted."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

from micdrop_widget.server.cells import CellContext

__all__ = ["AnswerTask"]

_log = logging.getLogger("micdrop_widget.server")

_CANCEL_LIMIT_S = 1.0
"""How long a cancelled answer may clean up before the call goes on without it."""


class AnswerTask:
    """The answer that is being made, in the background.

    Parameters
    ----------
    on_end
        Called when an answer has ended, with whether it was still the call's: not interrupted, nor replaced.
    """

    def __init__(self, on_end: Callable[[bool], None]) -> None:
        self._on_end = on_end
        self._task: asyncio.Task[None] | None = None
        self._interrupted: weakref.WeakSet[asyncio.Task[None]] = weakref.WeakSet()
        self._abandoned: weakref.WeakSet[asyncio.Task[None]] = weakref.WeakSet()
        """Interrupted answers that did not stop in time."""

    @property
    def is_under_way(self) -> bool:
        """Whether an answer is being made."""
        return self._task is not None

    @property
    def is_interrupted(self) -> bool:
        """Whether the task that asks is an answer that was interrupted."""
        return asyncio.current_task() in self._interrupted

    @property
    def is_abandoned(self) -> bool:
        """Whether the task that asks is an interrupted answer that did not stop in time."""
        return asyncio.current_task() in self._abandoned

    def start(self, making: Coroutine[Any, Any, None], context: CellContext | None) -> None:
        """Make an answer, in the context of a cell where there is one. The one before must have been interrupted."""
        self._task = context.run(asyncio.ensure_future, making) if context else asyncio.ensure_future(making)
        self._task.add_done_callback(self._end)

    def interrupt(self) -> asyncio.Task[None] | None:
        """Cancel the answer; return the task that has yet to stop."""
        task, self._task = self._task, None
        if task is None or task.done():
            return None
        self._interrupted.add(task)
        task.cancel()
        return task

    async def stop(self) -> None:
        """Cancel the answer, and wait until it has stopped: 1 s at most, and not at all where it stops itself."""
        task = self.interrupt()
        if task is None or task is asyncio.current_task():
            return
        _, pending = await asyncio.wait([task], timeout=_CANCEL_LIMIT_S)
        if pending:
            self._abandoned.add(task)
            _log.warning("an answer goes on although it was interrupted; the call goes on without it")

    def _end(self, task: asyncio.Task[None]) -> None:
        is_current = self._task is task
        if is_current:
            self._task = None
        self._on_end(is_current)
