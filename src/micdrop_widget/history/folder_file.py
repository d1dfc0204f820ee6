"""The folder of a call that goes on, written by a thread of its own: a disk that is slow or full holds up no call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.history import call_folder
from micdrop_widget.history.clips import write_call_row
from micdrop_widget.history.disk_thread import DiskThread
from micdrop_widget.history.event_log import CallEvent
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.protocol import ConversationItem

__all__ = ["MAX_PENDING", "FolderFile", "KeptCall", "KeptChanges"]

MAX_PENDING = 20_000
"""So many turns, items and events may wait for the disk when the next arrive; if it is more, the folder ends there."""


@dataclass(frozen=True, slots=True)
class KeptChanges:
    """The changes of a call since it was last written."""

    turns: tuple[tuple[int, Turn], ...] = ()
    """Turns that are new or have changed, with their numbers."""
    items: tuple[ConversationItem, ...] = ()
    """New items of the conversation."""
    replaces_conversation: bool = False
    """An item was taken back: `items` are the whole conversation."""
    events: tuple[CallEvent, ...] = ()

    def __len__(self) -> int:
        return len(self.turns) + len(self.items) + len(self.events)

    def __bool__(self) -> bool:
        return len(self) > 0 or self.replaces_conversation


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call that has ended."""

    about: Mapping[str, Any]
    turns: Turns
    conversation: tuple[ConversationItem, ...]


class FolderFile(DiskThread):
    """The folder of one call. After each write it can be read: a process that dies leaves what was written until then.

    `add` and `close` return at once, whatever the disk does.

    Parameters
    ----------
    folder
        It is made, with the description of the call in it, before the constructor returns.
    about
        The description of the call as a whole.
    on_failed
        Called at most once, from any thread, with the error, when the folder ends before the call does.

    Raises
    ------
    OSError
        It cannot be made, or is there already.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], on_failed: Callable[[MicdropError], object]) -> None:
        super().__init__("save_to", on_failed)
        self.folder = folder
        self._pending: deque[KeptChanges] = deque()
        self._pending_pieces = 0
        self._final: KeptCall | None = None
        call_folder.create(folder, about)
        self._start()

    def add(self, changes: KeptChanges) -> None:
        """Hand changes to the thread that writes; when too many wait already, the folder ends here."""
        with self._changed:
            if self._ended or self._closing:
                return
            is_stalled = self._pending_pieces > MAX_PENDING
            self._pending.append(changes)
            self._pending_pieces += len(changes)
            self._changed.notify()
        if is_stalled:
            self._fail(f"the disk has taken nothing while {MAX_PENDING} events were waiting")

    def finish(self, call: KeptCall) -> None:
        """Let all of a call that has ended be written once more in order, when the folder is closed."""
        self._final = call

    def _write_all(self) -> None:
        while self._write_next():
            pass
        if self._final is not None and not self._ended:
            _write_whole(self.folder, self._final)

    def _write_next(self) -> bool:
        """Wait for changes and write them; return whether more may come."""
        with self._changed:
            while not (self._pending or self._closing or self._ended):
                self._changed.wait()
            if self._ended or not self._pending:
                return False
            changes = self._pending.popleft()
            self._pending_pieces -= len(changes)
        _write(self.folder, changes)
        return True

    def _release(self) -> None:
        """Every write closes its file."""

    def _drop_pending(self) -> None:
        self._pending.clear()

    def _error(self, why: str) -> MicdropError:
        return MicdropError(
            MicdropErrorCode.Unknown,
            f"What is kept of the call in {str(self.folder)!r} ends here: {why}.",
            "Turns, conversation and events are in memory: save them with call.save(folder).",
        )


def _write(folder: Path, changes: KeptChanges) -> None:
    call_folder.append(folder / call_folder.EVENTS, call_folder.event_lines(changes.events))
    call_folder.append(folder / call_folder.TURNS, call_folder.turn_lines(changes.turns))
    lines = call_folder.item_lines(changes.items)
    if changes.replaces_conversation:
        call_folder.replace_file(folder / call_folder.CONVERSATION, lines)
    else:
        call_folder.append(folder / call_folder.CONVERSATION, lines)


def _write_whole(folder: Path, call: KeptCall) -> None:
    """Write what was appended once more, each turn once; that the call has ended is the last thing."""
    call_folder.replace_file(folder / call_folder.TURNS, call_folder.turn_lines(enumerate(call.turns)))
    call_folder.replace_file(folder / call_folder.CONVERSATION, call_folder.item_lines(call.conversation))
    write_call_row(folder, call.conversation)
    call_folder.write_about(folder, call.about)
