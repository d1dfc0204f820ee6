"""The folder of a call that goes on, written by a thread of its own: a disk that is slow or full holds up no call."""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.history import call_folder
from micdrop_widget.history.clips import write_call_row
from micdrop_widget.history.event_log import CallEvent
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.protocol import ConversationItem

__all__ = ["CLOSE_TIMEOUT_S", "MAX_PENDING", "FolderFile", "KeptCall", "KeptChanges"]

_log = logging.getLogger("micdrop_widget.history.folder")

MAX_PENDING = 20_000
"""So many turns, items and events wait for the disk at most. When there are more, what is kept ends there."""

CLOSE_TIMEOUT_S = 2
"""How long the disk may take at the end of a call. After that the folder is given up as it is."""

_open_folders: weakref.WeakSet[FolderFile] = weakref.WeakSet()


@dataclass(frozen=True, slots=True)
class KeptChanges:
    """What has happened in a call since it was last written."""

    turns: tuple[tuple[int, Turn], ...] = ()
    """Those that are new or have changed, with their numbers."""
    items: tuple[ConversationItem, ...] = ()
    """What is new in the conversation."""
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


class FolderFile:
    """The folder of one call. After each write it can be read: a process that dies leaves what was written until then.

    `add` and `close` return at once, whatever the disk does.

    Parameters
    ----------
    folder
        It is made, with what is known of the call, before the constructor returns.
    about
        What is known of the call as a whole.
    on_failed
        Called at most once, from any thread, with the error, when the folder ends before the call does.

    Raises
    ------
    OSError
        It cannot be made, or is there already.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], on_failed: Callable[[MicdropError], object]) -> None:
        self.folder = folder
        self._on_failed = on_failed
        self._changed = threading.Condition()
        self._pending: deque[KeptChanges] = deque()
        self._pending_pieces = 0
        self._closing = False
        self._final: KeptCall | None = None
        self._ended = False
        """Nothing is taken any more: the folder was closed, failed, or was given up."""
        self._closed = threading.Event()
        self._on_closed: list[Callable[[], object]] = []
        call_folder.create(folder, about)
        threading.Thread(target=self._run, name="micdrop-folder", daemon=True).start()
        _open_folders.add(self)

    def add(self, changes: KeptChanges) -> None:
        """Hand changes to the thread that writes; when too many wait already, the folder ends here."""
        with self._changed:
            if self._ended or self._closing:
                return
            self._pending.append(changes)
            self._pending_pieces += len(changes)
            is_stalled = self._pending_pieces > MAX_PENDING
            self._changed.notify()
        if is_stalled:
            self._fail(f"the disk has taken nothing while {MAX_PENDING} events were waiting")

    def close(self, on_closed: Callable[[], object] = lambda: None, final: KeptCall | None = None) -> None:
        """Let the thread write the rest and, of a call that has ended, all of it once more in order.

        Parameters
        ----------
        on_closed
            Called when that is done: from that thread, or at once when it is done already.
        final
            The call; None when it has not ended and only the process does.
        """
        with self._changed:
            if not self._closing:
                self._closing, self._final = True, final
            if not self._closed.is_set():
                self._on_closed.append(on_closed)
                self._changed.notify()
                return
        on_closed()

    def wait_closed(self, timeout_s: float) -> bool:
        """Block until the folder is closed; return whether it is."""
        return self._closed.wait(timeout_s)

    def give_up(self) -> None:
        """Wait no longer for the disk: the folder stays as far as it was written."""
        if not self._closed.is_set():
            self._fail(f"the disk took longer than {CLOSE_TIMEOUT_S} s to take the rest")

    def _run(self) -> None:
        try:
            while self._write_next():
                pass
            if self._final is not None and not self._ended:
                _write_whole(self.folder, self._final)
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)
        finally:
            self._end()

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

    def _fail(self, why: str) -> None:
        """End the folder where it is, and say so once; the call goes on."""
        with self._changed:
            if self._ended:
                return
            self._ended = True
            self._pending.clear()
            self._changed.notify()
        error = MicdropError(
            MicdropErrorCode.Unknown,
            f"What is kept of the call in {str(self.folder)!r} ends here: {why}.",
            "Turns, conversation and events are in memory: save them with call.save(folder).",
        )
        _log.error("save_to: %s", error.message)
        self._on_failed(error)

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._closed.set()
            waiting, self._on_closed = self._on_closed, []
        _open_folders.discard(self)
        for on_closed in waiting:
            on_closed()


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


@atexit.register
def _close_all() -> None:
    """Give folders that are being written the time to take the rest when the process ends."""
    folders = tuple(_open_folders)
    for folder in folders:
        folder.close()
    for folder in folders:
        folder.wait_closed(CLOSE_TIMEOUT_S)
