"""`Recording`: both sides of a call on one time line, with the turns and events of the call."""

from __future__ import annotations

import copy
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm, ms_to_samples
from micdrop_widget.audio_file import read_stereo
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.pictures import Theme, load_pictures
from micdrop_widget.history.playback import notebook_audio
from micdrop_widget.history.recording_chunks import CHUNK_NAMES, RecordingNotes, read_chunks, write_chunks
from micdrop_widget.history.tracks import ASSISTANT, MICROPHONE, FixedTracks, Stereo, Tracks
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.wav_file import read_wav_chunks, write_wav

if TYPE_CHECKING:
    from IPython.display import Audio
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Recording", "Side"]

Side: TypeAlias = Literal["both", "user", "assistant"]

_AROUND_TURN_MS = 500
"""How much is played and drawn before and after a turn."""


class Recording:
    """What a call sounded like: what it listened to, and what was heard of the assistant, on one time line.

    In memory are the last 10 minutes; with a path as the option `record`, the whole call is in that file as well.
    It grows while the call goes on, and may be read from any thread meanwhile. `Recording.load(path)` reads a file.
    Parameters in seconds count from the start of the call, as `start_s` does.
    """

    def __init__(
        self,
        path: Path | None = None,
        tracks: Tracks | FixedTracks | None = None,
        events: EventLog | None = None,
        turns: Callable[[], Turns] = Turns,
    ) -> None:
        self._path = path
        self._tracks = Tracks() if tracks is None else tracks
        self._events = EventLog() if events is None else events
        self._turns = turns

    def __repr__(self) -> str:
        where = "" if self._path is None else f", the whole call in {str(self._path)!r}"
        return f"<Recording of {self.duration_s:.1f} s, from {self.start_s:.1f} s after the start{where}>"

    def __reduce__(self) -> tuple[Callable[..., Recording], tuple[object, ...]]:
        """Copy and pickle what is recorded by now: the copy does not grow with the call."""
        begin, end = self._whole()
        tracks = FixedTracks(self._tracks.copy(begin, end), begin, copy.deepcopy(self._tracks.speech))
        return _restored, (self._path, tracks, EventLog(self._events), self.turns)

    @classmethod
    def load(
        cls,
        path: str | PathLike[str],
        *,
        events: EventLog | None = None,
        turns: Turns | None = None,
        user_channel: int = 0,
        assistant_channel: int | None = 1,
    ) -> Recording:
        """Return the recording that a file holds, whole: one of a call, with its turns and events, or any other.

        Parameters
        ----------
        path
            An audio file of any kind and rate. In one of a single channel the assistant is silent.
        events, turns
            Those of the call, where they are kept elsewhere; by default what `save` has written into the file.
        user_channel, assistant_channel
            The channels of user and assistant, counted from 0; None: the assistant is in none.

        Raises
        ------
        ValueError
            It is no audio file, or has no such channel.
        OSError
            It is not there, or may not be read.
        """
        samples = read_stereo(path, user_channel, assistant_channel)
        notes = read_chunks(read_wav_chunks(path, CHUNK_NAMES), str(path))
        tracks = FixedTracks(samples, notes.start_sample, notes.speech)
        kept = notes.turns if turns is None else turns
        return cls(Path(path).expanduser(), tracks, notes.events if events is None else events, lambda: kept)

    @property
    def microphone(self) -> Pcm:
        """What the call listened to: int16 of shape (n,) at 16 kHz, a copy.

        Silence where the microphone was muted or ignored, or gave nothing.
        """
        return self._samples("user", *self._whole())

    @property
    def assistant(self) -> Pcm:
        """What was heard of the assistant: int16 of shape (n,) at 16 kHz, a copy.

        Each sample is where it was heard; what an interruption or a pause cut off is silence.
        """
        return self._samples("assistant", *self._whole())

    @property
    def speech_probability(self) -> NDArray[np.float32]:
        """How probable speech of the user was, as the call's detector found: one value for each 512 samples.

        NaN where the call did not listen, and with a detector that knows none. In steps of 1/254.
        """
        return self.probability_between(*self._whole())

    @property
    def events(self) -> EventLog:
        """What happened in the call, with the time and the sample of each event."""
        return self._events

    @property
    def turns(self) -> Turns:
        """The turns of the call that is recorded here; empty where none are known."""
        return self._turns()

    @property
    def start_s(self) -> float:
        """When the first sample of both tracks was, in seconds since the start of the call."""
        return self._tracks.begin / SAMPLE_RATE

    @property
    def duration_s(self) -> float:
        """Length of both tracks in seconds; of a call's own recording at most 600."""
        begin, end = self._whole()
        return (end - begin) / SAMPLE_RATE

    @property
    def path(self) -> Path | None:
        """The file with the whole call, complete when the call has ended; None without one."""
        return self._path

    def save(self, path: str | PathLike[str]) -> None:
        """Write both tracks as a 16 kHz 16-bit stereo WAV file: the microphone left, the assistant right.

        The turns and events of the call go into the same file: `Recording.load(path)` reads them.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        begin, end = self._whole()
        write_wav(path, self._tracks.copy(begin, end), write_chunks(self.notes(begin)))

    def play(
        self,
        side: Side = "both",
        *,
        turn: Turn | int | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> Audio:
        """Return a player for a notebook: in a cell it shows itself. Its sound is in the notebook.

        Parameters
        ----------
        side
            `"both"`: the user on the left, the assistant on the right; `"user"` or `"assistant"`.
        turn
            Only this turn, and half a second around it: one of `turns`, or its number.
        start_s, end_s
            Only what lies between.

        Raises
        ------
        ValueError
            Nothing is recorded there, or it is too long for a notebook: some ten minutes.
        """
        if side not in ("both", "user", "assistant"):
            raise ValueError(f"side: expected 'both', 'user' or 'assistant', got {side!r}")
        return notebook_audio(self._samples(side, *self.span(turn=turn, start_s=start_s, end_s=end_s)))

    def plot(
        self,
        ax: Axes | None = None,
        *,
        turn: Turn | int | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
        theme: Theme = "light",
    ) -> Figure:
        """Draw both sides, the reply latencies between them, the probability of speech, and the states of the call.

        A long recording is drawn by its extremes: a click stays visible in an hour. Where latencies stand too close
        together for all their labels, the longest keep theirs.

        Parameters
        ----------
        ax
            Where to draw; by default a figure of its own, 8 inches wide.
        turn
            Only this turn, and half a second around it: one of `turns`, or its number.
        start_s, end_s
            Only what lies between.
        theme
            `"light"`, `"dark"`, or `"print"`, which needs no colours.

        Returns
        -------
        matplotlib.figure.Figure
            It shows itself in a cell, with an alt text (`figure.alt_text`). Needs the extra `analysis`.

        Raises
        ------
        ValueError
            Nothing is recorded there, or there is no such theme.
        MissingPackageError
            matplotlib is not installed.
        """
        return load_pictures().draw_recording(self, self.span(turn=turn, start_s=start_s, end_s=end_s), ax, theme)

    def stereo(self, begin: int, end: int) -> Stereo:
        """Return a copy of both sides, shape (n, 2), from one sample of the time line to another; both are recorded."""
        return self._tracks.copy(begin, end)

    def probability_between(self, begin: int, end: int) -> NDArray[np.float32]:
        """Return `speech_probability` from one sample of the time line to another."""
        return self._tracks.speech.between(begin, end)

    def span(
        self, *, turn: Turn | int | None = None, start_s: float | None = None, end_s: float | None = None
    ) -> tuple[int, int]:
        """Return where a part of the recording begins and ends, as samples of its time line; by default the whole.

        Raises
        ------
        ValueError
            Nothing is recorded there.
        """
        begin, end = self._whole()
        first, last = begin, end
        if turn is not None:
            first_ms, last_ms = _bounds_ms(self.turns[turn] if isinstance(turn, int) else turn)
            first, last = ms_to_samples(first_ms - _AROUND_TURN_MS), ms_to_samples(last_ms + _AROUND_TURN_MS)
        if start_s is not None:
            first = max(first, round(start_s * SAMPLE_RATE))
        if end_s is not None:
            last = min(last, round(end_s * SAMPLE_RATE))
        first, last = max(first, begin), min(last, end)
        if first >= last:
            raise ValueError(
                f"nothing is recorded there: the recording goes from {begin / SAMPLE_RATE:.1f} s to "
                f"{end / SAMPLE_RATE:.1f} s after the start of the call"
            )
        return first, last

    def notes(self, start_sample: int = 0) -> RecordingNotes:
        """Return turns, events and probabilities for a file that begins at a sample of the time line."""
        return RecordingNotes(start_sample, self.turns, self.events, self._tracks.speech)

    def _whole(self) -> tuple[int, int]:
        end = self._tracks.end
        begin = self._tracks.begin
        return min(begin, end), end

    def _samples(self, side: Side, begin: int, end: int) -> NDArray[np.int16]:
        samples: Stereo = self._tracks.copy(begin, end)
        if side == "both":
            return samples
        pcm: Pcm = samples[:, MICROPHONE if side == "user" else ASSISTANT].copy()
        return pcm


def _restored(path: Path | None, tracks: FixedTracks, events: EventLog, turns: Turns) -> Recording:
    return Recording(path, tracks, events, lambda: turns)


def _bounds_ms(turn: Turn) -> tuple[float, float]:
    """Return the first and the last thing that happened in a turn."""
    named = (turn.speech_start_ms, turn.confirmed_ms, turn.speech_end_ms, turn.stopped_ms, turn.first_audio_ms)
    times = [time for time in (*named, turn.heard_ms, turn.voiced_ms, turn.answer_end_ms) if time is not None]
    if not times:
        raise ValueError("nothing has happened yet in this turn")
    return min(times), max(times)
