"""One step of the call machine in the making: the call as it changes, and the effects that add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE, Pcm, samples_to_ms
from micdrop_widget.errors import MicdropError
from micdrop_widget.protocol import Message, MuteCommand, StartSpeaking, StopSpeaking, TextMessage
from micdrop_widget.state.effects import (
    CancelTimer,
    CloseConnection,
    CloseMicrophone,
    Effect,
    Emit,
    FlushPlayer,
    OpenConnection,
    OpenMicrophone,
    ResetDetection,
    SendAudio,
    SendCommand,
    SetTimer,
    Timer,
)
from micdrop_widget.state.inputs import Received, TimerFired
from micdrop_widget.state.limits import (
    ANSWER_AUDIO_MS,
    ANSWER_MS,
    MAX_DROP_MS,
    MICROPHONE_MS,
    PLAYBACK_STALL_MS,
    connection_limit_ms,
)
from micdrop_widget.state.snapshot import Call, Command, MicPhase, Phase

__all__ = ["Step"]

_OUTBOX_SAMPLES = 30 * SAMPLE_RATE
"""Speech kept while the server is not ready: half a minute, then the oldest audio is dropped."""


class Step:
    """The workspace of one step. Actions change `call` through it and never touch what they were given.

    Parameters
    ----------
    call
        The call before the step.
    now_ms
        The time of the step on a clock that never goes back.
    """

    def __init__(self, call: Call, now_ms: float) -> None:
        self.call = call
        self.now_ms = now_ms
        self.effects: list[Effect] = []

    def set(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Call, checked by replace
        """Change facts of the call."""
        self.call = replace(self.call, **changes)

    def add(self, *effects: Effect) -> None:
        """Ask for effects, in order."""
        self.effects += effects

    # Sending

    def send(self, command_or_pcm: Command | Pcm) -> None:
        """Send a command or audio now, keep it until the server is ready, or drop it when there is no call."""
        if self.call.phase is Phase.LIVE:
            if isinstance(command_or_pcm, np.ndarray):
                self.add(SendAudio(command_or_pcm))
            else:
                self._send_command(command_or_pcm)
        elif self.call.phase not in (Phase.IDLE, Phase.ENDING, Phase.RETRYING):
            self.set(outbox=_bounded((*self.call.outbox, command_or_pcm)))

    def _send_command(self, command: Command) -> None:
        if isinstance(command, StartSpeaking | MuteCommand):
            # What is on the way when the server learns of the interruption belongs to the cancelled answer.
            window_ms = min(2 * self.call.round_trip_ms, MAX_DROP_MS)
            self.set(drop_answer_until_ms=self.now_ms + window_ms)
        else:
            # What the server sends once it knows of StopSpeaking is the new answer.
            arrives_ms = self.now_ms + self.call.round_trip_ms
            self.set(drop_answer_until_ms=min(self.call.drop_answer_until_ms, arrives_ms), answer_begins=True)
        self.add(SendCommand(command))

    def send_outbox(self) -> None:
        """Send what was kept until the server was ready."""
        kept = self.call.outbox
        self.set(outbox=())
        for command_or_pcm in kept:
            self.send(command_or_pcm)

    # The microphone and the connection

    def request_microphone(self, device_id: str | None) -> None:
        """Ask for the microphone under a new number; None leaves the choice to the browser."""
        self.set(mic=MicPhase.OPENING, mic_request=self.call.mic_request + 1, chosen_mic_id=device_id)
        self.add(OpenMicrophone(self.call.mic_request, device_id))

    def release_microphone(self) -> None:
        """Let the microphone go, whether it is open or still being asked for."""
        if self.call.mic is not MicPhase.CLOSED:
            self.set(mic=MicPhase.CLOSED, mic_request=self.call.mic_request + 1, mic_unplugged_error=None)
            self.add(CloseMicrophone())

    def open_connection(self) -> None:
        """Open a socket under a new number."""
        self.set(
            connection=self.call.connection + 1,
            odd_byte=b"",
            answer_begins=False,
            drop_answer_until_ms=0.0,
            round_trips_ms=(),
        )
        self.add(OpenConnection(self.call.connection))

    def close_connection(self) -> None:
        """Close the socket; whatever it still reports is late from here on."""
        self.set(connection=self.call.connection + 1)
        self.add(CloseConnection())

    # The utterance

    def end_utterance(self) -> None:
        """Send StopSpeaking if an utterance is open, and wait for the answer."""
        if self.call.utterance_open:
            self.send(StopSpeaking())
            self.drop_utterance()
            self.set(processing=self.call.in_call, answer_written=False)

    def drop_utterance(self) -> None:
        """Forget the open utterance: its StopSpeaking was sent, or the server lost it with the connection."""
        if self.call.endpointing:
            self.add(CancelTimer(Timer.ENDPOINTING))
        self.set(user_speaking=False, endpointing=False)

    # Playback

    def silence_assistant(self) -> None:
        """Stop the answer at once: a new epoch begins, of which nothing has been sent."""
        call = self.call
        if call.playback_samples:
            self.set(epoch=call.epoch + 1, playback_samples=0, heard_samples=0)
            self.add(FlushPlayer(self.call.epoch))
        self.set(assistant_speaking=False, echo_tail=False, speaker_silent=False, partial_assistant_message="")
        self.add(CancelTimer(Timer.ANSWER_GAP), CancelTimer(Timer.ECHO_TAIL))

    # Ends

    def end_call(self) -> None:
        """Leave nothing running: microphone, socket, playback, timers. Mute is the user's and stays."""
        self.release_microphone()
        self.close_connection()
        self.silence_assistant()
        self.add(*(CancelTimer(timer) for timer in Timer))
        self.set(
            was_ready=False,
            attempt=0,
            user_speaking=False,
            endpointing=False,
            processing=False,
            unanswered=None,
            goodbye_due=False,
            paused=False,
            outbox=(),
        )

    def fail(self, error: MicdropError) -> None:
        """End the call with an error."""
        self.end_call()
        self.report(error)

    def report(self, error: MicdropError) -> None:
        """Show an error, and emit it to the user's handlers, once."""
        self.set(error=error)
        self.add(Emit("Error", (error,)))

    def set_timer(self, timer: Timer, delay_ms: float, jitter: float = 0.0) -> None:
        """Start a timer."""
        self.add(SetTimer(timer, delay_ms, jitter))

    def keep_timers(self, before: Call, event: object) -> None:
        """Start and cancel the timers that run for as long as somebody is waited for.

        Parameters
        ----------
        before
            The call before the step.
        event
            The input of the step.
        """
        now = self.call
        requested = before.mic is not MicPhase.OPENING or before.mic_request != now.mic_request
        if now.mic is MicPhase.OPENING and requested:
            self.set_timer(Timer.MICROPHONE, MICROPHONE_MS)
        if now.phase is Phase.CONNECTING and before.phase is not Phase.CONNECTING:
            self.set_timer(Timer.CONNECTION, connection_limit_ms(now.settings.reconnect))
        if now.phase is Phase.ENDING and before.phase is not Phase.ENDING:
            self.await_playback()
        if _answer_due(now):
            match event:
                case Received(_, Message(TextMessage("assistant"))):
                    self.set_timer(Timer.ANSWER, ANSWER_AUDIO_MS)
                case Received():  # the server works on it
                    self.set_timer(Timer.ANSWER, ANSWER_MS)
                case _ if not _answer_due(before):
                    self.set_timer(Timer.ANSWER, ANSWER_MS)
        for timer, is_due in _DUE.items():
            fired = isinstance(event, TimerFired) and event.timer is timer
            if is_due(before) and not is_due(now) and not fired and CancelTimer(timer) not in self.effects:
                self.add(CancelTimer(timer))

    def await_playback(self) -> None:
        """Give the loudspeaker the time that its samples last, and a little more, to report progress."""
        unheard_ms = samples_to_ms(self.call.unheard_samples)
        if unheard_ms:
            deadline_ms = self.now_ms + unheard_ms + PLAYBACK_STALL_MS
            self.set(playback_deadline_ms=deadline_ms, playback_reported_ms=self.now_ms)
            self.set_timer(Timer.PLAYBACK, unheard_ms + PLAYBACK_STALL_MS)

    def reset_detection(self) -> None:
        """Forget the open segment of speech."""
        self.add(ResetDetection())


def _answer_due(call: Call) -> bool:
    return call.phase is Phase.LIVE and call.processing


_DUE: dict[Timer, Callable[[Call], bool]] = {
    Timer.MICROPHONE: lambda call: call.mic is MicPhase.OPENING,
    Timer.CONNECTION: lambda call: call.phase is Phase.CONNECTING,
    Timer.ANSWER: _answer_due,
    Timer.PLAYBACK: lambda call: call.unheard_samples > 0,
}
"""While these hold, their timers run."""


def _bounded(outbox: tuple[Command | Pcm, ...]) -> tuple[Command | Pcm, ...]:
    excess = sum(len(kept) for kept in outbox if isinstance(kept, np.ndarray)) - _OUTBOX_SAMPLES
    if excess <= 0:
        return outbox
    bounded: list[Command | Pcm] = []
    for kept in outbox:
        if excess > 0 and isinstance(kept, np.ndarray):
            excess -= len(kept)
        else:
            bounded.append(kept)
    return tuple(bounded)
