"""The sound of a call as a data set: a WAV per turn and side, and the list of them for Hugging Face."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from micdrop_widget.audio import SAMPLE_RATE, Pcm, ms_to_samples
from micdrop_widget.history import call_folder
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.protocol import ConversationItem, TextMessage
from micdrop_widget.wav_file import write_wav

__all__ = ["METADATA", "write_call_row", "write_clips"]

METADATA = "metadata.jsonl"
"""What the builder `audiofolder` of Hugging Face's datasets reads beside the sounds."""

_FOLDER = "turns"
_OURS = re.compile(r"\d{4,}-(user|assistant)\.wav")
_AROUND_SPEECH_MS = 300


@dataclass(frozen=True, slots=True)
class _Clip:
    turn: int
    side: Literal["user", "assistant"]
    start_ms: float
    pcm: Pcm

    @property
    def file_name(self) -> str:
        return f"{_FOLDER}/{self.turn:04d}-{self.side}.wav"


def write_clips(
    folder: Path,
    turns: Turns,
    conversation: Sequence[ConversationItem],
    recording: Recording | None,
    *,
    each_turn: bool,
) -> None:
    """Write the list of the sounds of a call and, if asked for, each turn's; sounds of an earlier save are removed.

    Every row of the list has every column and no null, so that the lists of many calls make one data set.

    Raises
    ------
    OSError
        They cannot be written.
    """
    for path in (folder / _FOLDER).glob("*.wav"):
        if _OURS.fullmatch(path.name):
            path.unlink()
    if recording is None:
        (folder / METADATA).unlink(missing_ok=True)
        return
    clips = list(_clips(turns, recording)) if each_turn else []
    if clips:
        (folder / _FOLDER).mkdir(exist_ok=True)
    for clip in clips:
        write_wav(folder / clip.file_name, clip.pcm)
    name = folder.resolve().name
    whole = _row_of_call(name, conversation, recording.start_s)
    _write_rows(folder, [whole, *(_row_of_clip(name, clip, turns[clip.turn]) for clip in clips)])


def write_call_row(folder: Path, conversation: Sequence[ConversationItem]) -> None:
    """Write the list of a call that was recorded from its beginning, without the sounds of single turns.

    Raises
    ------
    OSError
        It cannot be written.
    """
    if (folder / call_folder.WAV).is_file():
        _write_rows(folder, [_row_of_call(folder.resolve().name, conversation, 0.0)])


def _write_rows(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    call_folder.replace_file(folder / METADATA, "".join(lines))


def _row_of_call(call: str, conversation: Sequence[ConversationItem], start_s: float) -> dict[str, Any]:
    """Return the row of the whole call: `turn` is -1, and the text what both said, a line each."""
    said = [item for item in conversation if isinstance(item, TextMessage) and item.role != "system"]
    return {
        "file_name": call_folder.WAV,
        "call": call,
        "turn": -1,
        "kind": "call",
        "side": "both",
        "start_ms": start_s * 1000,
        "text": "\n".join(f"{item.role}: {item.content}" for item in said),
    }


def _row_of_clip(call: str, clip: _Clip, turn: Turn) -> dict[str, Any]:
    text = turn.user_text if clip.side == "user" else turn.heard_text
    return {
        "file_name": clip.file_name,
        "call": call,
        "turn": clip.turn,
        "kind": turn.kind,
        "side": clip.side,
        "start_ms": clip.start_ms,
        "text": text or "",
    }


def _clips(turns: Turns, recording: Recording) -> Iterator[_Clip]:
    """Yield what was said and heard in each turn, as far as it is recorded."""
    user, assistant = recording.microphone, recording.assistant
    for number, turn in enumerate(turns):
        if turn.speech_start_ms is not None and turn.speech_end_ms is not None:
            start_ms = max(0.0, turn.speech_start_ms - _AROUND_SPEECH_MS)
            pcm = _cut(user, recording.start_s, start_ms, turn.speech_end_ms + _AROUND_SPEECH_MS)
            if len(pcm):
                yield _Clip(number, "user", start_ms, pcm)
        if turn.heard_ms is not None and turn.answer_end_ms is not None:
            # a virtual loudspeaker may play faster than time goes by
            end_ms = max(turn.answer_end_ms, turn.heard_ms + (turn.answer_heard_ms or 0.0))
            pcm = _cut(assistant, recording.start_s, turn.heard_ms, end_ms)
            if len(pcm):
                yield _Clip(number, "assistant", turn.heard_ms, pcm)


def _cut(pcm: Pcm, start_s: float, first_ms: float, last_ms: float) -> Pcm:
    """Return the samples between two times; none where the beginning is not kept any more."""
    kept_from = round(start_s * SAMPLE_RATE)
    first, last = ms_to_samples(first_ms) - kept_from, ms_to_samples(last_ms) - kept_from
    return pcm[first:last] if first >= 0 else pcm[:0]
