"""A call is written to its folder as it changes; without a call, by the event loop's clock."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from micdrop_widget import load_call
from micdrop_widget.errors import MicdropError
from micdrop_widget.history import folder_file as folder_file_module
from micdrop_widget.history.disk_thread import ClosingThreads
from micdrop_widget.history.event_log import CallEvent, EventLog
from micdrop_widget.history.folder_file import MAX_PENDING, FolderFile, KeptChanges
from micdrop_widget.history.folder_writer import FolderWriter
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.protocol import ConversationItem, TextMessage

EVENT = CallEvent(0.0, 0, "Start", "{}")
SAID, TAKEN_BACK = TextMessage("user", "Yes"), TextMessage("user", "No")


class Kept:
    """A call that is kept, as the writer sees it."""

    def __init__(self, folder: Path) -> None:
        self.turns: list[Turn] = []
        self.conversation: tuple[ConversationItem, ...] = ()
        self.events = EventLog()
        self.errors: list[MicdropError] = []
        self.closing = ClosingThreads()
        self.writer = FolderWriter(
            folder,
            {"is_complete": False},
            turns=lambda: Turns(self.turns),
            conversation=lambda: self.conversation,
            events=self.events,
            report=self.errors.append,
            closing=self.closing,
        )

    async def end(self) -> None:
        self.writer.end({"is_complete": True})
        await self.closing.closed()
        assert self.errors == []


async def test_a_call_of_which_nothing_happened_is_a_folder_without_turns(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "call")
    await kept.end()
    saved = load_call(tmp_path / "call")
    assert (saved.is_complete, len(saved.turns), saved.conversation, len(saved.events)) == (True, 0, (), 0)


async def test_changes_are_written_together_and_the_last_ones_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("micdrop_widget.history.folder_writer._WRITE_EVERY_S", 0.01)
    written: list[KeptChanges] = []
    write = folder_file_module._write

    def note_and_write(folder: Path, changes: KeptChanges) -> None:
        written.append(changes)
        write(folder, changes)

    monkeypatch.setattr(folder_file_module, "_write", note_and_write)
    kept = Kept(tmp_path / "call")
    first, second = Turn("greeting", heard_ms=1.0), Turn(stopped_ms=2.0)
    kept.turns = [first]
    kept.conversation = (TAKEN_BACK,)
    kept.events.add(0.0, 0, "Start")
    kept.writer.note_change()
    kept.writer.note_change()
    await asyncio.sleep(0.05)
    kept.writer.note_change()  # nothing has changed
    await asyncio.sleep(0.05)
    kept.turns = [Turn("greeting", heard_ms=1.0), second]  # the first is another object, and the same
    kept.conversation = (SAID,)
    kept.writer.note_change()
    await kept.end()
    kept.writer.end({"is_complete": False})
    kept.writer.note_change()
    assert [changes.turns for changes in written] == [((0, first),), ((1, second),)]
    assert [changes.replaces_conversation for changes in written] == [False, True]
    assert [len(changes.events) for changes in written] == [1, 0]
    saved = load_call(tmp_path / "call")
    assert (saved.is_complete, saved.turns, saved.conversation) == (True, Turns([first, second]), (SAID,))


def test_what_is_taken_back_while_the_call_goes_on_is_not_in_the_folder(tmp_path: Path) -> None:
    """Of a call that was killed: nothing is written once more at its end."""
    errors: list[MicdropError] = []
    file = FolderFile(tmp_path / "call", {"is_complete": False}, errors.append)
    file.add(KeptChanges(items=(TAKEN_BACK,), events=(EVENT,)))
    file.add(KeptChanges(items=(SAID,), replaces_conversation=True))
    file.close()
    assert file.wait_closed(10)
    file.add(KeptChanges(items=(TAKEN_BACK,)))
    assert errors == []
    saved = load_call(tmp_path / "call")
    assert (saved.is_complete, saved.conversation, tuple(saved.events)) == (False, (SAID,), (EVENT,))


def test_a_disk_that_takes_nothing_ends_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, failed = threading.Event(), threading.Event()
    errors: list[MicdropError] = []

    def note(error: MicdropError) -> None:
        errors.append(error)
        failed.set()

    monkeypatch.setattr(folder_file_module, "_write", lambda folder, changes: goes_on.wait(10))
    file = FolderFile(tmp_path / "call", {"is_complete": False}, note)
    many = KeptChanges(events=(EVENT,) * (MAX_PENDING + 1))
    for _ in range(3):  # one is being written, one waits, and with the third one waits too long
        file.add(many)
    goes_on.set()
    assert failed.wait(10)
    file.close()
    assert file.wait_closed(10)
    assert [error.message.partition("ends here: ")[2] for error in errors] == [
        "the disk has taken nothing while 20000 events were waiting."
    ]
