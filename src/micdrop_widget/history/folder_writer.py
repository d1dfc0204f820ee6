"""Writes a call to its folder while it goes on: every second, by the event loop's clock, the changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from micdrop_widget.errors import MicdropError
from micdrop_widget.history.disk_thread import ClosingThreads, reporting_to
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.folder_file import FolderFile, KeptCall, KeptChanges
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.protocol import ConversationItem

__all__ = ["FolderWriter"]

_WRITE_EVERY_S = 1.0


class FolderWriter:
    """Keeps one call in a folder; all methods are called on one event loop, and none but the constructor blocks it.

    Parameters
    ----------
    folder
        The folder; see `FolderFile`.
    about
        The description of the call when it begins.
    turns, conversation
        Return the turns and the conversation so far.
    events
        The events of the call.
    report
        Called on the loop with the error when the folder ends before the call does, once.
    closing
        Closes the folder when the call is over.

    Raises
    ------
    OSError
        The folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        about: Mapping[str, Any],
        *,
        turns: Callable[[], Turns],
        conversation: Callable[[], tuple[ConversationItem, ...]],
        events: EventLog,
        report: Callable[[MicdropError], object],
        closing: ClosingThreads,
    ) -> None:
        self._turns = turns
        self._conversation = conversation
        self._events = events
        self._file = FolderFile(folder, about, reporting_to(report))
        self._written_turns: list[Turn] = []
        self._written_items: tuple[ConversationItem, ...] = ()
        self._written_events = 0
        self._timer: asyncio.TimerHandle | None = None
        self._closing = closing
        self.has_ended = False
        """The call is over."""

    @property
    def folder(self) -> Path:
        """The folder of the call."""
        return self._file.folder

    def note_change(self) -> None:
        """Note that something may have changed: it is written within a second."""
        if self._timer is None and not self.has_ended:
            self._timer = asyncio.get_running_loop().call_later(_WRITE_EVERY_S, self._write)

    def end(self, about: Mapping[str, Any]) -> None:
        """End with the call: the folder is closed in the background. May be called again."""
        if self.has_ended:
            return
        self._write()
        self.has_ended = True
        self._file.finish(KeptCall(about, self._turns(), self._conversation()))
        self._closing.close(self._file)

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        changes = self._pop_changes()
        if changes:
            self._file.add(changes)

    def _pop_changes(self) -> KeptChanges:
        turns, items = list(self._turns()), self._conversation()
        changed = tuple(
            (number, turn) for number, turn in enumerate(turns) if self._written_turns[number : number + 1] != [turn]
        )
        is_longer = items[: len(self._written_items)] == self._written_items
        fresh_items = items[len(self._written_items) :] if is_longer else items
        count = self._events.dropped + len(self._events)
        events = tuple(self._events)[-(count - self._written_events) :] if count > self._written_events else ()
        self._written_turns, self._written_items, self._written_events = turns, items, count
        return KeptChanges(changed, fresh_items, not is_longer, events)
