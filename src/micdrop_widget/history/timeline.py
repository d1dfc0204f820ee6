"""Collects the turns of a call while it goes on, from what the call machine receives and asks for."""

from __future__ import annotations

import numpy as np

from micdrop_widget import protocol as wire
from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.history.sample_times import AnswerAudio, CaptureClock
from micdrop_widget.history.server_frames import ServerFrames
from micdrop_widget.history.turn_rows import Row, Rows
from micdrop_widget.history.turns import Turn, Turns, Verdict
from micdrop_widget.history.voiced import Loudness
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Effect, Play, SendCommand, StateChanged
from micdrop_widget.state.snapshot import Call

__all__ = ["Timeline"]

_SAME_ANSWER_MS = 1000
"""An answer that goes on this soon after its last sample was heard is the same one: a server that pauses within it."""

_SAME_MOMENT_MS = 50
"""A microphone that stalls ends its speech first, and says so then: two steps in a row, on a busy machine."""

_MAX_HOLE_SAMPLES = 10 * SAMPLE_RATE
"""How many missing samples of the microphone at most count as silence within a turn."""


class Timeline:
    """The turns of the latest call.

    Times are arguments, in milliseconds on a clock that never goes back. The audio of a turn is measured as it
    arrives, and not kept.
    """

    def __init__(self) -> None:
        self._rows = Rows()
        self._server = ServerFrames(self._rows)
        self._settled: list[Turn] = []
        self._began_ms = 0.0
        self._clock = CaptureClock()
        self._closed: tuple[Row, float] | None = None
        """The turn whose utterance was last closed, and when."""
        self._unsent: list[Row] = []
        """Turns whose commands have not been sent yet: the server may not be ready."""
        self._answering: Row | None = None
        """The turn whose answer is, or was last, heard."""
        self._last_heard_ms = 0.0

    @property
    def turns(self) -> Turns:
        """The turns so far; the last one may still be under way."""
        return Turns([row.snapshot() for row in self._rows.all])

    def since_start_ms(self, now_ms: float) -> float:
        """Return a time as milliseconds since `start()`, in steps of one sample."""
        return _on_grid(now_ms - self._began_ms)

    def begin(self, now_ms: float) -> None:
        """Begin with a new call."""
        self._rows.clear()
        self._settled.clear()
        self._began_ms = now_ms
        self._unsent.clear()
        self._server.forget_early_text()
        self._answering = self._closed = None
        self._clock.restart()

    def pop_settled(self) -> list[Turn]:
        """Return the turns that have become final since this was last called."""
        settled, self._settled = self._settled, []
        return settled

    def note_captured(self, position: int, now_ms: float) -> None:
        """Note that the microphone's samples up to a position have arrived: that dates what is said."""
        self._clock.note(position, self.since_start_ms(now_ms))

    def note_underruns(self, underruns: int) -> None:
        """Note how often the loudspeaker has run out of audio within the current answer."""
        row = self._answering
        if row is not None and underruns > row.turn.underruns:
            row.change(underruns=underruns)

    def record(self, event: inputs.Input, effects: tuple[Effect, ...], call: Call, now_ms: float) -> None:
        """Record one step of the machine.

        Parameters
        ----------
        event, effects
            What happened, and what the machine asked for.
        call
            The call after the step.
        now_ms
            When the step was taken.
        """
        now = self.since_start_ms(now_ms)
        match event:
            case inputs.MicrophoneOpened():
                self._clock.restart()
            case SpeechConfirmed() | SpeechContinued() | SpeechEnded():
                self._record_speech(event, call, now)
            case inputs.MicrophoneStalled():
                self._record_hold(now)
            case inputs.TurnPredicted(_, complete) if self._rows.utterance is not None:
                verdicts = (*self._rows.utterance.turn.verdicts, Verdict(now, complete))
                self._rows.utterance.change(verdicts=verdicts)
            case inputs.Received(connection, frame) if connection == call.connection:
                self._server.record(frame, now)
            case inputs.PlaybackProgress(epoch, samples, age_ms):
                self._record_progress(epoch, samples, max(0.0, now - age_ms))
        for effect in effects:
            self._record_effect(effect, now)
        if self._rows.utterance is not None and not call.utterance_open:
            self._close_utterance(now)
        if not call.utterance_open and not call.outbox:
            self._unsent.clear()  # what was not sent by now was lost with its connection
        self._settle(call)

    # What the user says

    def _record_speech(self, event: SpeechConfirmed | SpeechContinued | SpeechEnded, call: Call, now: float) -> None:
        row = self._rows.utterance
        match event:
            case SpeechConfirmed(position, start, pcm):
                self._clock.note(position, now)
                if row is not None:
                    row.change(end_sample=None, speech_end_ms=None)  # the pause within the turn is over
                    self._add_speech(row, start, pcm)
                elif call.utterance_open and call.in_call:
                    self._open_utterance(event, now)
            case SpeechContinued(pcm) if row is not None:
                self._add_speech(row, row.captured_until, pcm)
                self._clock.note(row.captured_until, now)
                if row.turn.end_sample is not None:
                    row.change(end_sample=row.turn.end_sample + len(pcm))  # silence that the turn detector waits out
            case SpeechEnded(position) if row is not None:
                self._clock.note(position, now)
                row.change(end_sample=position)
                self._measure_speech(row, now, is_over=True)

    def _open_utterance(self, confirmed: SpeechConfirmed, now: float) -> None:
        turn = Turn(start_sample=confirmed.start, confirmed_sample=confirmed.position)
        self._rows.utterance = Row(turn, Loudness(), confirmed.start)
        self._rows.all.append(self._rows.utterance)
        self._server.forget_early_text()
        self._unsent.append(self._rows.utterance)
        self._add_speech(self._rows.utterance, confirmed.start, confirmed.pcm)
        self._measure_speech(self._rows.utterance, now, is_over=False)

    def _add_speech(self, row: Row, start: int, pcm: Pcm) -> None:
        assert row.speech is not None
        if 0 < start - row.captured_until <= _MAX_HOLE_SAMPLES:
            row.speech.push(np.zeros(start - row.captured_until, dtype=np.int16))
        row.speech.push(pcm)
        row.captured_until = start + len(pcm)

    def _measure_speech(self, row: Row, now: float, *, is_over: bool) -> None:
        """Find where the utterance is voiced, as far as it has come; not later than now, where a source runs ahead."""
        span = None if row.speech is None else row.speech.voiced_span()
        if span is None:
            return
        earliest = max(
            (other.turn.speech_end_ms or 0.0 for other in self._rows.all[-2:] if other is not row), default=0.0
        )
        times = (self._clock.captured_ms(row.turn.start_sample + sample) for sample in span)
        first, end = (_on_grid(min(time_ms, now)) for time_ms in times)
        row.change(speech_start_ms=max(earliest, first), speech_end_ms=max(earliest, end) if is_over else None)

    def _close_utterance(self, now: float) -> None:
        """Find the end of the turn, and drop its audio."""
        row, self._rows.utterance = self._rows.utterance, None
        assert row is not None
        self._closed = row, now
        self._measure_speech(row, now, is_over=True)
        row.speech = None
        self._date_interruptions(row)

    def _record_hold(self, now: float) -> None:
        """Count a hold for the turn that it falls into: the open one, or the one whose speech it has just ended."""
        row = self._rows.utterance
        if row is None and self._closed is not None and now - self._closed[1] <= _SAME_MOMENT_MS:
            row = self._closed[0]
        if row is not None:
            row.change(holds=row.turn.holds + 1)

    def _date_interruptions(self, cause: Row) -> None:
        """Note when the speech that cut an answer began, now that all of it is known; None: it was cut before that."""
        began_ms = cause.turn.speech_start_ms
        for row in self._rows.all:
            if row.cut_by is cause:
                end_ms = row.turn.answer_end_ms
                is_before = began_ms is not None and end_ms is not None and began_ms < end_ms
                row.change(interruption_start_ms=began_ms if is_before else None)

    # What is played and heard

    def _record_effect(self, effect: Effect, now: float) -> None:
        match effect:
            case SendCommand(wire.StartSpeaking()):
                self._stamp("confirmed_ms", now)
            case SendCommand(wire.StopSpeaking()):
                self._stamp("stopped_ms", now)
            case Play(epoch, pcm):
                self._record_audio(epoch, pcm, now)
            case StateChanged(state, previous) if previous.isAssistantSpeaking and not state.isAssistantSpeaking:
                self._end_answer(now, interrupted=state.isUserSpeaking)

    def _stamp(self, anchor: str, now: float) -> None:
        """Note when a command was sent, of the first turn that waits for it."""
        row = next((row for row in self._unsent if getattr(row.turn, anchor) is None), None)
        if row is not None:
            row.change(**{anchor: now})
            if anchor == "stopped_ms":
                self._unsent.remove(row)

    def _record_audio(self, epoch: int, pcm: Pcm, now: float) -> None:
        row = self._row_of_audio(epoch, now)
        answer = row.answer
        if answer is None:
            answer = row.answer = AnswerAudio(epoch)
            row.change(first_audio_ms=now)
        elif answer.epoch != epoch:
            answer.epoch, answer.before_epoch = epoch, answer.heard
        answer.received += len(pcm)
        answer.loudness.push(pcm)
        self._answering = row

    def _row_of_audio(self, epoch: int, now: float) -> Row:
        """Return the turn that audio belongs to: the one that waits for an answer, or that is being answered."""
        answering = self._answering
        if answering is not None and answering.answer is not None and answering is self._rows.all[-1]:
            turn = answering.turn
            if answering.answer.epoch == epoch or turn.answer_end_ms is None:
                return answering
            if not turn.interrupted and now - turn.answer_end_ms <= _SAME_ANSWER_MS:
                return answering
        latest = self._rows.all[-1] if self._rows.all else None
        if (
            latest is not None
            and latest.answer is None
            and (latest.turn.kind != "user" or latest is not self._rows.utterance)
        ):
            return latest
        return self._append_answer()

    def _append_answer(self) -> Row:
        """Begin a turn that is an answer to nothing."""
        row = Row(Turn(kind="unprompted" if self._rows.all else "greeting"))
        self._rows.all.append(row)
        self._server.add_early_text(row)
        return row

    def _record_progress(self, epoch: int, samples: int, now: float) -> None:
        row = self._answering
        if row is None or row.answer is None or row.answer.epoch != epoch or samples <= 0:
            return
        answer = row.answer
        heard = min(answer.before_epoch + samples, answer.received)
        assert row.turn.first_audio_ms is not None
        answer.progress(heard, now, row.turn.first_audio_ms)
        self._last_heard_ms = now
        heard_ms, voiced_ms = _on_grid(answer.time_of(0)), _maybe_on_grid(answer.voiced_ms())
        if (row.turn.heard_ms, row.turn.voiced_ms) != (heard_ms, voiced_ms):
            row.change(heard_ms=heard_ms, voiced_ms=voiced_ms)

    def _end_answer(self, now: float, *, interrupted: bool) -> None:
        row = self._answering
        if row is None or row.answer is None:
            return
        row.turn = row.snapshot()
        # The state waits a moment for more to come: the answer ended with its last sample.
        row.change(
            voiced_ms=_maybe_on_grid(row.answer.voiced_ms(is_over=True)),
            answer_end_ms=now if interrupted else self._last_heard_ms,
            interrupted=interrupted,
        )
        if interrupted and self._rows.utterance is not None:
            row.cut_by = self._rows.utterance
            row.change(interruption_start_ms=self._rows.utterance.turn.speech_start_ms)

    def _settle(self, call: Call) -> None:
        """Let turns become final: a later one has begun, or the answer has been heard and its text is there."""
        for row in self._rows.all[-3:]:
            is_over = row is not self._rows.all[-1] or not call.in_call
            is_answered = row.turn.answer_end_ms is not None and row.turn.assistant_message_ms is not None
            if not row.is_settled and (is_over or is_answered or row.turn.skipped):
                row.is_settled = True
                self._settled.append(row.snapshot())


def _on_grid(time_ms: float) -> float:
    """Return a time in steps of a sixteenth of a millisecond, one sample: sums of differences are exact."""
    return round(time_ms * 16) / 16


def _maybe_on_grid(time_ms: float | None) -> float | None:
    return None if time_ms is None else _on_grid(time_ms)
