"""Gathers the facts for a diagnosis while a call goes on; what it keeps does not grow with the call."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm, samples_to_ms
from micdrop_widget.errors import MicdropError, error_for_close, is_call_over
from micdrop_widget.history.diagnosis.facts import CallFacts, CapturedFacts, DetectorFacts, LinkFacts
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Effect, SendCommand
from micdrop_widget.state.snapshot import Call, MicPhase
from micdrop_widget.vad.base import VAD
from micdrop_widget.vad.combine import detectors

__all__ = ["FactCollector"]

_SILENCE_DBFS = -96.0
"""The level of digital silence."""


@dataclass
class _Captured:
    """Counts the audio captured in a stretch of time."""

    captured: int = 0
    listened: int = 0
    swing: int = -1
    """From the lowest to the highest sample of the loudest frame; negative before the first."""
    cancelled_segments: int = 0
    probabilities: dict[str, float] = field(default_factory=dict)
    """The highest probability of each detector, by its name."""
    levels: dict[str, float] = field(default_factory=dict)

    def add(self, samples: int, swing: int, *, listens: bool) -> None:
        self.captured += samples
        self.listened += samples if listens else 0
        self.swing = max(self.swing, swing)

    def facts(self, vad: VAD) -> CapturedFacts:
        loudest = None
        if self.swing >= 0:
            loudest = max(_SILENCE_DBFS, 20 * math.log10(self.swing / 65536) if self.swing else -math.inf)
        return CapturedFacts(
            captured_ms=samples_to_ms(self.captured),
            listened_ms=samples_to_ms(self.listened),
            loudest_dbfs=loudest,
            detectors=tuple(self._detector(member) for member in detectors(vad)),
            cancelled_segments=self.cancelled_segments,
        )

    def _detector(self, vad: VAD) -> DetectorFacts:
        name = type(vad).__name__
        if not math.isnan(vad.level_db):
            return DetectorFacts(name, "dB", self.levels.get(name), vad.threshold)
        if name in self.probabilities:
            return DetectorFacts(name, "probability", self.probabilities[name], vad.threshold)
        return DetectorFacts(name, "status")


class FactCollector:
    """The facts of the latest call. Times are arguments, in milliseconds on a clock that never goes back."""

    def __init__(self) -> None:
        self._has_begun = False
        self._mic_opened_ms = 0.0
        self._begin(0.0)

    def _begin(self, now_ms: float) -> None:
        self._began_ms = now_ms
        self._mic_error: MicdropError | None = None
        self._mic_has_opened = False
        self._mic_has_ended = False
        self._frame_ms: float | None = None
        self._since_opened = _Captured()
        self._since_turn = _Captured()
        self._holds = 0
        self._connection_error: MicdropError | None = None
        self._close_code: int | None = None
        self._was_ready = False
        self._connections = 0
        self._frames_received = 0
        self._playback_error: tuple[float, MicdropError] | None = None

    # What the call reports

    def record(self, event: inputs.Input, effects: Iterable[Effect], call: Call, now_ms: float) -> None:
        """Record one step of the call machine; as of `Timeline.record`."""
        match event:
            case inputs.Start():
                self._begin_call(call, now_ms)
            case inputs.MicrophoneOpened():
                self._begin_microphone(now_ms)
            case inputs.MicrophoneFailed(_, error):
                self._mic_error = error
            case inputs.MicrophoneEnded(_, error):
                self._mic_error, self._mic_has_ended = error, True
            case inputs.MicrophoneStalled():
                self._holds += 1
            case inputs.ConnectionOpened(connection) if connection == call.connection:
                self._connections += 1
                self._frames_received = 0
            case inputs.ConnectionFailed(_, error):
                self._connection_error = error
            case inputs.ConnectionClosed(_, close_code):
                self._close_code = close_code
                self._connection_error = None if is_call_over(close_code) else error_for_close(close_code)
            case inputs.Received(connection) if connection == call.connection:
                self._frames_received += 1
            case inputs.PlaybackFailed(error):
                self._playback_error = now_ms - self._began_ms, error
        self._was_ready |= call.was_ready
        for effect in effects:
            if isinstance(effect, SendCommand) and isinstance(effect.command, wire.StopSpeaking):
                self._since_turn = _Captured()

    def _begin_call(self, call: Call, now_ms: float) -> None:
        """Begin with a new call; a microphone that is open already stays what it is."""
        kept = self._since_opened, self._frame_ms
        self._begin(now_ms)
        self._has_begun = True
        if call.mic is MicPhase.OPEN:
            self._mic_has_opened = True
            self._since_opened, self._frame_ms = kept

    def _begin_microphone(self, now_ms: float) -> None:
        self._mic_opened_ms = now_ms
        self._mic_has_opened, self._mic_has_ended, self._mic_error, self._frame_ms = True, False, None, None
        self._since_opened, self._since_turn = _Captured(), _Captured()

    def add_captured(self, frame: Pcm, listens: bool, now_ms: float) -> None:
        """Note a captured frame."""
        if not len(frame):
            return
        swing = int(frame.max()) - int(frame.min())  # a microphone's constant offset is no sound
        self._frame_ms = now_ms
        for captured in (self._since_opened, self._since_turn):
            captured.add(len(frame), swing, listens=listens)

    def add_detection(self, vad: VAD) -> None:
        """Note the probabilities and levels of the detectors in the latest window."""
        for member in detectors(vad):
            name = type(member).__name__
            for captured in (self._since_opened, self._since_turn):
                for highest, value in (
                    (captured.probabilities, member.probability),
                    (captured.levels, member.level_db),
                ):
                    if value > highest.get(name, -math.inf):  # false of NaN: a detector that knows no such number
                        highest[name] = value

    def add_speech_event(self, name: SpeechEventName) -> None:
        """Note an event of the detection."""
        if name == "CancelSpeaking":
            self._since_opened.cancelled_segments += 1
            self._since_turn.cancelled_segments += 1

    # What a diagnosis asks for

    def facts(
        self,
        call: Call,
        turns: Turns,
        vad: VAD,
        now_ms: float,
        *,
        mic_is_live: bool = True,
        link: LinkFacts | None = None,
    ) -> CallFacts:
        """Return what is known now, of the latest turn of the user and the answer to it."""
        now = now_ms - self._began_ms
        number, turn = next(
            ((n, turn) for n, turn in reversed([*enumerate(turns, 1)]) if turn.kind == "user"), (0, None)
        )
        answer = _answer_of(turn, list(turns)[number:])
        playback_error = None
        if self._playback_error is not None and answer is not None and answer.first_audio_ms is not None:
            failed_ms, error = self._playback_error
            playback_error = error if failed_ms >= answer.first_audio_ms else None
        return CallFacts(
            call=call,
            now_ms=now,
            has_begun=self._has_begun,
            mic_error=self._mic_error,
            mic_has_opened=self._mic_has_opened,
            mic_has_ended=self._mic_has_ended,
            mic_is_live=mic_is_live,
            mic_open_ms=now_ms - self._mic_opened_ms if call.mic is MicPhase.OPEN else None,
            frame_age_ms=None if self._frame_ms is None else now_ms - self._frame_ms,
            since_opened=self._since_opened.facts(vad),
            since_turn=self._since_turn.facts(vad),
            holds=self._holds,
            link=link,
            connection_error=self._connection_error,
            close_code=self._close_code,
            was_ready=self._was_ready,
            connections=self._connections,
            frames_received=self._frames_received,
            turn=turn,
            turn_number=number,
            turns=len(turns),
            answer=answer,
            playback_error=playback_error,
        )


def _answer_of(turn: Turn | None, later: list[Turn]) -> Turn | None:
    """Return the turn that holds the answer: that of the user, or an unprompted one behind it that has audio."""
    if turn is not None and turn.first_audio_ms is not None:
        return turn
    return next((other for other in later if other.first_audio_ms is not None), turn)
