"""`SavedCall`: a call that was kept in a folder, with its turns, conversation, recording and events."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micdrop_widget.history import call_folder
from micdrop_widget.history.call_content import CallContent, FolderOption
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.recording import Recording

if TYPE_CHECKING:
    import pandas

__all__ = ["SavedCall", "load_call", "load_calls"]


class SavedCall:
    """A call that was kept in a folder; `load_call` makes one.

    Its `turns`, `conversation`, `events`, `recording` and `options` are as those of a call that runs: every table and
    every picture works on both.
    """

    def __init__(self, folder: FolderOption) -> None:
        self.path = Path(folder).expanduser()
        """The folder."""
        self.about: Mapping[str, Any] = call_folder.read_about(self.path)
        """The description of the call as a whole: when it began, versions, detector, carrier."""
        self.turns = call_folder.read_turns(self.path)
        """One row per turn."""
        self.conversation = call_folder.read_conversation(self.path)
        """What was said, as the server settled it."""

    def __repr__(self) -> str:
        state = "" if self.is_complete else ", which did not end properly"
        return f"<SavedCall {str(self.path)!r}: {len(self.turns)} turns{state}>"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.turns._repr_html_()}"

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.resolve().name

    @property
    def is_complete(self) -> bool:
        """The call ended, or was saved by hand. False where the process that wrote it died, or its disk was full."""
        return bool(self.about.get("is_complete"))

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of the call, as JSON values; what may be secret was never written."""
        options: Mapping[str, Any] = self.about.get("options", {})
        return options

    @cached_property
    def events(self) -> EventLog:
        """What happened in the call; of very many events the latest.

        Raises
        ------
        ValueError
            A line of the file is no event.
        """
        return call_folder.read_events(self.path)

    @cached_property
    def recording(self) -> Recording | None:
        """What the call sounded like, whole; read when it is first asked for. None when it was not recorded.

        Raises
        ------
        ValueError, OSError
            The file cannot be read.
        """
        wav = self.path / call_folder.WAV
        return Recording.load(wav, events=self.events, turns=self.turns) if wav.is_file() else None

    def save(self, folder: FolderOption, *, turn_wavs: bool = False) -> Path:
        """Write the call into another folder, or its per-turn WAVs into its own; see `MicdropClient.save`."""
        content = CallContent(self.about, self.turns, self.conversation, self.events, self.recording)
        return content.save(folder, turn_wavs=turn_wavs)


def load_call(folder: FolderOption) -> SavedCall:
    """Return a call that was kept by `call.save(folder)` or by the option `save_to`. Needs no server.

    What a killed process has written is a call as well, up to some tenths of a second before it died.

    Raises
    ------
    FileNotFoundError
        The folder is not that of a call.
    ValueError
        A file in it is of a later version, or something else.
    """
    return SavedCall(folder)


def load_calls(folders: FolderOption | Iterable[FolderOption | SavedCall]) -> pandas.DataFrame:
    """Return the turns of many kept calls as one frame: `turns.to_frame()`, with the call in front.

    Parameters
    ----------
    folders
        A pattern like `"calls/*"`; or folders, or kept calls. A pattern skips what is no call.

    Returns
    -------
    pandas.DataFrame
        The columns `call` (the folder's name), `turn` (its number), `started` (UTC), `vad` and `turn_detector`, and
        those of `turns.to_frame()`. Needs pandas: `pip install "micdrop-widget[analysis]"`.

    Raises
    ------
    FileNotFoundError
        No call is there.
    ValueError
        A file is of a later version, or something else.
    """
    from micdrop_widget.history.table import calls_frame  # noqa: PLC0415 - pandas loads where it is used

    if isinstance(folders, str | PathLike):
        pattern = os.path.expanduser(folders)
        found = sorted(path for path in glob.glob(pattern) if (Path(path) / call_folder.ABOUT).is_file())
        if not found:
            raise FileNotFoundError(f"{str(folders)!r}: no folder of a call there, as call.save(folder) writes it")
        folders = found
    calls = [folder if isinstance(folder, SavedCall) else SavedCall(folder) for folder in folders]
    return calls_frame(calls)
