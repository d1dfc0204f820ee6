"""Turns, events and probabilities of speech of a recording, as chunks of its WAV file.

`mdev` holds lines of JSON: the first says which version this is, where the file begins on the time line of its call,
and the turns; each further one is an event. `mdsp` holds the probabilities, a byte each. Programs that do not know
them skip them, and play the sound.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from micdrop_widget.history.event_log import CallEvent, EventLog
from micdrop_widget.history.speech_track import SpeechTrack
from micdrop_widget.history.turn_json import turn_from_json, turn_to_json
from micdrop_widget.history.turns import Turns

__all__ = ["CHUNK_NAMES", "RecordingNotes", "read_chunks", "write_chunks"]

_log = logging.getLogger("micdrop_widget.history.recording_chunks")

_EVENTS = b"mdev"
_SPEECH = b"mdsp"
CHUNK_NAMES = (_EVENTS, _SPEECH)
_VERSION = 1


@dataclass
class RecordingNotes:
    """Turns, events and probabilities of a recording, beside its sound."""

    start_sample: int = 0
    """Where its first sample lies on the time line of the call."""
    turns: Turns = field(default_factory=Turns)
    events: EventLog = field(default_factory=EventLog)
    speech: SpeechTrack = field(default_factory=SpeechTrack)


def write_chunks(notes: RecordingNotes) -> dict[bytes, bytes]:
    """Return the chunks that hold the notes."""
    head = {
        "version": _VERSION,
        "start_sample": notes.start_sample,
        "turns": [turn_to_json(turn) for turn in notes.turns],
    }
    lines = [json.dumps(head), *(event.to_json() for event in notes.events)]
    return {_EVENTS: "\n".join(lines).encode(), _SPEECH: notes.speech.pack()}


def read_chunks(chunks: Mapping[bytes, bytes], what: str) -> RecordingNotes:
    """Return the notes that the chunks of a file hold: none of a foreign file, or of one that ends too early.

    Parameters
    ----------
    chunks
        Contents by name.
    what
        What a warning calls the file: where its notes cannot be read, its sound still can.
    """
    lines = chunks.get(_EVENTS, b"").splitlines()
    if not lines:
        return RecordingNotes()
    try:
        head = json.loads(lines[0])
        if head["version"] != _VERSION:
            raise ValueError(f"they are of version {head['version']}")
        return RecordingNotes(
            start_sample=max(0, int(head["start_sample"])),
            turns=Turns([turn_from_json(turn) for turn in head["turns"]]),
            events=EventLog(CallEvent.from_json(line.decode()) for line in lines[1:]),
            speech=SpeechTrack(chunks.get(_SPEECH, b"")),
        )
    except (KeyError, TypeError, ValueError) as error:
        _log.warning("%s: the turns and events in it cannot be read (%s); its sound can", what, error)
        return RecordingNotes()
