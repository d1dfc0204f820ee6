"""The folder that a call is kept in: writes its files, and reads them, also after the writer was killed.

Files of lines hold one JSON object a line. A line is whole when it ends: the rest of a line that a killed process has
left is not read. docs/kept-calls.md says what is in each file.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from micdrop_widget.history.event_log import CallEvent, EventLog
from micdrop_widget.history.turn_json import turn_from_json, turn_to_json
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.protocol import ConversationItem, item_from_json, item_to_json

__all__ = [
    "ABOUT",
    "CONVERSATION",
    "EVENTS",
    "FORMAT",
    "TURNS",
    "WAV",
    "append",
    "create",
    "event_lines",
    "item_lines",
    "read_about",
    "read_conversation",
    "read_events",
    "read_turns",
    "replace_file",
    "turn_lines",
    "write_about",
]

ABOUT = "call.json"
WAV = "call.wav"
TURNS = "turns.jsonl"
CONVERSATION = "conversation.jsonl"
EVENTS = "events.jsonl"

FORMAT = 1
"""The number of the format: it grows when older versions cannot read the files any more."""


def write_about(folder: Path, about: Mapping[str, Any]) -> None:
    """Write the description of the call as a whole.

    Raises
    ------
    OSError
        It cannot be written.
    """
    replace_file(folder / ABOUT, json.dumps({"format": FORMAT, **about}, indent=2) + "\n")


def turn_lines(turns: Iterable[tuple[int, Turn]]) -> str:
    """Return numbered turns as lines; of several lines with one number the last counts."""
    return "".join(_line({"turn": number, **turn_to_json(turn)}) for number, turn in turns)


def item_lines(items: Iterable[ConversationItem]) -> str:
    """Return items of a conversation as lines."""
    return "".join(_line(item_to_json(item)) for item in items)


def event_lines(events: Iterable[CallEvent]) -> str:
    """Return events as lines."""
    return "".join(f"{event.to_json()}\n" for event in events)


def create(folder: Path, about: Mapping[str, Any]) -> None:
    """Make the folder of a call that begins. It appears with the description of the call in it, or not at all.

    Raises
    ------
    FileExistsError
        It is there already.
    OSError
        It cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = folder.with_name(f".{folder.name}.new")
    made.mkdir()
    try:
        write_about(made, about)
        if folder.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
        os.rename(made, folder)
    except OSError:
        (made / ABOUT).unlink(missing_ok=True)
        made.rmdir()
        raise


def append(path: Path, lines: str) -> None:
    """Append whole lines to a file, which is made if it is not there; without lines do nothing.

    Raises
    ------
    OSError
        It cannot be written; the file ends within a line then.
    """
    if lines:
        with path.open("ab", buffering=0) as file:
            rest = memoryview(lines.encode())
            while rest:
                rest = rest[file.write(rest) :]


def replace_file(path: Path, text: str) -> None:
    """Replace a file at once: a reader finds the old file or the new one, whenever this process dies.

    Raises
    ------
    OSError
        It cannot be written; the old one stays.
    """
    written = path.with_name(f".{path.name}.new")
    try:
        written.write_text(text, encoding="utf-8")
        os.replace(written, path)
    except OSError:
        written.unlink(missing_ok=True)
        raise


def read_about(folder: Path) -> dict[str, Any]:
    """Return the description of the call as a whole.

    Raises
    ------
    FileNotFoundError
        The folder is not that of a call.
    ValueError
        It was written by a later version, or is something else.
    """
    path = folder / ABOUT
    if not path.is_file():
        raise FileNotFoundError(
            f"{str(folder)!r} is not the folder of a call: expected {ABOUT} in it, as call.save(folder) writes it"
        )
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{str(path)!r} is no JSON: {error}") from None
    if not isinstance(about, dict) or not isinstance(about.get("format"), int):
        raise ValueError(f"{str(path)!r}: expected a JSON object with the number 'format'")
    if about["format"] > FORMAT:
        raise ValueError(
            f"{str(path)!r} is of format {about['format']}, this version reads up to {FORMAT}: "
            "upgrade micdrop-widget to read it"
        )
    return about


def read_turns(folder: Path) -> Turns:
    """Return the turns of the call.

    Raises
    ------
    ValueError
        A line is none; the message says which.
    """
    turns: dict[int, Turn] = {}
    for where, values in _objects(folder / TURNS):
        number = values.get("turn")
        if not isinstance(number, int):
            raise ValueError(f"{where}: expected the number of the turn in 'turn', got {number!r}")
        turns[number] = _read(turn_from_json, values, where)
    return Turns([turns[number] for number in sorted(turns)])


def read_conversation(folder: Path) -> tuple[ConversationItem, ...]:
    """Return the conversation of the call.

    Raises
    ------
    ValueError
        A line is none of its items; the message says which.
    """
    return tuple(_read(item_from_json, values, where) for where, values in _objects(folder / CONVERSATION))


def read_events(folder: Path) -> EventLog:
    """Return the events of the call, of very many the latest.

    Raises
    ------
    ValueError
        A line is none; the message says which.
    """
    return EventLog(_read(CallEvent.from_json, line, where) for where, line in _lines(folder / EVENTS))


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n"


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield where each whole line is, and the line; none of a file that is not there."""
    if path.is_file():
        lines: Sequence[bytes] = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines[:-1], start=1):
            yield f"{str(path)!r}, line {number}", line.decode("utf-8", errors="replace")


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, line in _lines(path):
        try:
            values = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{where}: no JSON: {error}") from None
        if not isinstance(values, dict):
            raise ValueError(f"{where}: expected a JSON object, got {type(values).__name__}")
        yield where, values


def _read(read: Any, written: Any, where: str) -> Any:  # noqa: ANN401 - what it reads is what it returns
    try:
        return read(written)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
