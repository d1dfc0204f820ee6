"""Cuts a stream of samples into utterances: a fold from samples to speech events."""

from __future__ import annotations

from collections import deque

import numpy as np

from micdrop_widget.audio import FRAME_SAMPLES, Framer, Pcm, ms_to_samples, pcm_to_float
from micdrop_widget.speech import (
    SpeechCancelled,
    SpeechConfirmed,
    SpeechContinued,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
)
from micdrop_widget.vad.base import VAD, Status
from micdrop_widget.vad.score_gate import ScoreGate

__all__ = ["Segmenter"]

_MAX_UNCONFIRMED_MS = 300
"""Audio kept since the onset of speech that is not confirmed yet, beyond the pre-roll (Micdrop's bound)."""


class Segmenter:
    """Frames samples, asks a detector, and returns the speech events with the audio of each utterance.

    The same samples give the same events at the same positions, however they are chunked. What it holds is bounded:
    the pre-roll and 300 ms.

    Parameters
    ----------
    vad
        The detector.
    """

    def __init__(self, vad: VAD) -> None:
        self.vad = vad
        self._score_gate = ScoreGate(vad)
        self.in_pause = False
        """The user pauses within a turn: silence is returned as well, as the next samples of the same utterance."""
        self._framer = Framer()
        self._held: deque[Pcm] = deque()
        self.reset()

    @property
    def position(self) -> int:
        """Position of the next sample, counted since the microphone was opened."""
        return self._framed + len(self._framer.pending)

    def reset(self, position: int = 0) -> None:
        """Forget all audio: the next sample has the given position and begins in silence."""
        self._score_gate.reset()
        self.status = Status.SILENCE
        self._framer.clear()
        self._held.clear()
        self._framed = position

    def push(self, pcm: Pcm) -> list[SpeechEvent]:
        """Process samples and return what happened, in order."""
        events: list[SpeechEvent] = []
        for frame in self._framer.push(pcm):
            self._framed += len(frame)
            self._process(frame, events)
        return events

    def finish(self) -> list[SpeechEvent]:
        """End the stream: the last frame is filled up with silence, and an open utterance ends."""
        rest = len(self._framer.pending)
        events = self.push(np.zeros(FRAME_SAMPLES - rest, dtype=np.int16)) if rest else []
        if self.status is Status.SPEAKING:
            events.append(SpeechEnded(self._framed))
        elif self.status is Status.MAYBE_SPEAKING:
            events.append(SpeechCancelled(self._framed))
        self.reset(self._framed)
        return events

    def _process(self, frame: Pcm, events: list[SpeechEvent]) -> None:
        before, self.status = self.status, self._score_gate.update(pcm_to_float(frame))
        if before is Status.SPEAKING:
            # A detector may fall back to "maybe" within speech: the utterance goes on until silence.
            events.append(SpeechContinued(frame))
            if self.status is Status.SILENCE:
                events.append(SpeechEnded(self._framed))
            else:
                self.status = Status.SPEAKING
            return
        if before is Status.SILENCE:
            self._hold_at_most(self.vad.pre_roll_ms)
        self._held.append(frame)
        self._hold_at_most(self.vad.pre_roll_ms + _MAX_UNCONFIRMED_MS)
        if before is Status.SILENCE and self.status is not Status.SILENCE:
            events.append(SpeechStarted(self._framed))
        if self.status is Status.SPEAKING:
            # what came before it was returned during the pause
            held = frame if self.in_pause else np.concatenate(self._held)
            self._held.clear()
            events.append(SpeechConfirmed(self._framed, self._framed - len(held), held))
            return
        if self.in_pause:
            events.append(SpeechContinued(frame))
        if self.status is Status.SILENCE and before is Status.MAYBE_SPEAKING:
            events.append(SpeechCancelled(self._framed))

    def _hold_at_most(self, duration_ms: float) -> None:
        frames = -(-ms_to_samples(duration_ms) // FRAME_SAMPLES)
        while len(self._held) > frames:
            self._held.popleft()
