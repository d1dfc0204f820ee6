"""What happened when: one row per turn, from the user's first sound to the end of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from micdrop_widget import protocol as wire
from micdrop_widget.audio import samples_to_ms
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import CancelTimer, Effect, Play, PredictTurn, StateChanged, Timer

__all__ = ["Timeline", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the user and the answer to it.

    Times are milliseconds since `start()`; None means that it did not happen, or not yet. Positions are samples of
    the microphone, counted since it was opened.
    """

    start_sample: int
    """First sample of the utterance, the pre-roll included."""
    confirmed_sample: int
    """Samples heard when speech was confirmed."""
    confirmed_ms: float
    """StartSpeaking: the utterance goes out."""
    end_sample: int | None = None
    """Samples heard when the utterance was over, the pause at its end that the turn detector needed included."""
    stopped_ms: float | None = None
    """StopSpeaking: the turn is over."""
    user_message_ms: float | None = None
    """The server said what it understood."""
    first_audio_ms: float | None = None
    """The first audio of the answer arrived."""
    heard_ms: float | None = None
    """The first sample of the answer was heard."""
    answer_end_ms: float | None = None
    """The last sample of the answer was heard, or the user interrupted it."""
    interrupted: bool = False
    """The user spoke into the answer."""
    stage_times_ms: Mapping[str, float] | None = None
    """How long after the end of the turn each stage of the answer was through, as our own server measured it: `stt`,
    `first_text`, `first_sentence`, `first_audio`, `end`; None with other servers."""

    @property
    def utterance_ms(self) -> float | None:
        """Length of what was sent."""
        return None if self.end_sample is None else samples_to_ms(self.end_sample - self.start_sample)

    @property
    def answer_latency_ms(self) -> float | None:
        """From StopSpeaking to the first sample of the answer that was heard."""
        if self.heard_ms is None or self.stopped_ms is None:
            return None
        return self.heard_ms - self.stopped_ms


def _opens_turn(effects: tuple[Effect, ...]) -> bool:
    """Return whether the user begins to speak in a call, not to a microphone that was merely opened first."""
    changes = (effect for effect in effects if isinstance(effect, StateChanged))
    return any(
        change.state.isUserSpeaking
        and not change.previous.isUserSpeaking
        and (change.state.isStarting or change.state.isStarted)
        for change in changes
    )


class Timeline:
    """Collects turns from what the call machine takes in and asks for."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []
        self._began_ms = 0.0
        self._last_heard_ms = 0.0
        self._pausing = False
        """The turn is open, but the user is silent."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns so far; the last one may still be under way."""
        return tuple(self._turns)

    def since_start_ms(self, now_ms: float) -> float:
        """Return a time as milliseconds since `start()`."""
        return now_ms - self._began_ms

    def begin(self, now_ms: float) -> None:
        """Begin with a new call."""
        self._turns.clear()
        self._pausing = False
        self._began_ms = now_ms

    def record(self, event: inputs.Input, effects: tuple[Effect, ...], now_ms: float) -> None:
        """Take one step of the machine: its input and its effects."""
        now = self.since_start_ms(now_ms)
        match event:
            case SpeechConfirmed() if self._pausing and self._open:
                self._pausing = False
                self._change(end_sample=None)
            case SpeechContinued(pcm) if self._pausing and self._open:
                self._change(end_sample=(self._turns[-1].end_sample or 0) + len(pcm))
            case SpeechConfirmed(position, start) if _opens_turn(effects):
                self._turns.append(Turn(start, position, now))
            case SpeechEnded(position) if self._open:
                self._pausing = any(isinstance(effect, PredictTurn) for effect in effects)
                self._change(end_sample=position, stopped_ms=None if self._pausing else now)
            case inputs.Received(_, wire.Message(wire.TextMessage("user"))) if self._answerable("user_message_ms"):
                self._change(user_message_ms=now)
            case inputs.PlaybackProgress():
                self._last_heard_ms = now
        match event:
            case inputs.Received(_, wire.Message(wire.TextMessage("user" | "assistant", _, {"stage_times_ms": times}))):
                self._add_stage_times(times)
        for effect in effects:
            self._record_effect(effect, now)

    def _record_effect(self, effect: Effect, now: float) -> None:
        match effect:
            case CancelTimer(Timer.ENDPOINTING) if self._pausing:
                self._pausing = False
                self._change(stopped_ms=now)
            case Play() if self._answerable("first_audio_ms"):
                self._change(first_audio_ms=now)
            case StateChanged(state, previous):
                if previous.isUserSpeaking and not state.isUserSpeaking and self._open and not self._pausing:
                    self._change(stopped_ms=now)  # closed by mute or pause
                if state.isAssistantSpeaking and self._answerable("heard_ms"):
                    self._change(heard_ms=now)
                if previous.isAssistantSpeaking and not state.isAssistantSpeaking:
                    # The state waits a moment for more to come: the answer ended with its last sample.
                    interrupted = state.isUserSpeaking
                    self._end_answer(now if interrupted else self._last_heard_ms, interrupted)

    @property
    def _open(self) -> bool:
        return bool(self._turns) and self._turns[-1].stopped_ms is None

    def _answerable(self, field: str) -> bool:
        return bool(self._turns) and not self._open and getattr(self._turns[-1], field) is None

    def _end_answer(self, now: float, interrupted: bool) -> None:
        # An interruption has opened the next turn already: the answer belongs to the one before.
        # One that came in pieces ends with the last piece.
        for index in reversed(range(len(self._turns))):
            turn = self._turns[index]
            if turn.heard_ms is not None:
                self._turns[index] = replace(turn, answer_end_ms=now, interrupted=interrupted)
                return

    def _add_stage_times(self, times: Any) -> None:  # noqa: ANN401 - whatever a server says
        """Keep what the server measured with the last turn that is over: an interruption has opened the next one."""
        if not isinstance(times, Mapping) or not all(isinstance(value, int | float) for value in times.values()):
            return
        for index in reversed(range(len(self._turns))):
            turn = self._turns[index]
            if turn.stopped_ms is not None:
                self._turns[index] = replace(turn, stage_times_ms={**(turn.stage_times_ms or {}), **times})
                return

    def _change(self, **changes: float | None) -> None:
        self._turns[-1] = replace(self._turns[-1], **changes)  # type: ignore[arg-type]
