"""`CallContent`: all that is kept of a call, written into a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from micdrop_widget.history import call_folder
from micdrop_widget.history.clips import write_clips
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turns
from micdrop_widget.protocol import ConversationItem

__all__ = ["CallContent", "FolderOption"]

FolderOption: TypeAlias = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class CallContent:
    """A call with all that is kept of it, whether it runs or was loaded."""

    about: Mapping[str, Any]
    """The description of the call as a whole; see `call.about`."""
    turns: Turns
    conversation: tuple[ConversationItem, ...]
    events: EventLog
    recording: Recording | None
    """None when it was not recorded."""

    def save(self, folder: FolderOption, *, turn_wavs: bool) -> Path:
        """Write all of it into a folder, and return its path; see `MicdropClient.save`.

        Raises
        ------
        FileExistsError
            The folder holds something else.
        OSError
            It cannot be written.
        """
        path = Path(folder).expanduser()
        if path.is_dir() and any(path.iterdir()) and not (path / call_folder.ABOUT).is_file():
            raise FileExistsError(
                f"{str(path)!r} holds something else than a call: give the path of a new folder, or of a kept call"
            )
        path.mkdir(parents=True, exist_ok=True)
        call_folder.write_about(path, self.about)
        call_folder.replace_file(path / call_folder.TURNS, call_folder.turn_lines(enumerate(self.turns)))
        call_folder.replace_file(path / call_folder.CONVERSATION, call_folder.item_lines(self.conversation))
        call_folder.replace_file(path / call_folder.EVENTS, call_folder.event_lines(self.events))
        if self.recording is None:
            (path / call_folder.WAV).unlink(missing_ok=True)
        else:
            _write_recording(self.recording, path / call_folder.WAV)
        write_clips(path, self.turns, self.conversation, self.recording, each_turn=turn_wavs)
        return path


def _write_recording(recording: Recording, path: Path) -> None:
    if recording.path is not None and path.exists() and recording.path.samefile(path):
        return  # it was loaded from there
    written = path.with_name(f".{path.name}.new")
    try:
        recording.save(written)
        os.replace(written, path)
    except OSError:
        written.unlink(missing_ok=True)
        raise
