"""The call machine: a table of transitions, and the function that takes one step.

The table is read from the top; the first row whose phase, input and condition fit is taken, and no row means that
the input changes nothing there. Time is an argument; nothing here knows a clock, a thread or a socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import actions, conditions, devices, inputs, talk
from micdrop_widget.state.effects import Effect, StateChanged, Timer
from micdrop_widget.state.snapshot import Call, Phase, snapshot
from micdrop_widget.state.step import Step

__all__ = ["TABLE", "Row", "step"]


@dataclass(frozen=True, slots=True)
class Row:
    """One transition: in these phases, on this input, if the condition holds, do this and go there."""

    phases: tuple[Phase, ...]
    on: type
    action: Callable[[Step, Any], None]
    to: Phase | None = None
    """The next phase; None stays."""
    when: Callable[[Call, Any], bool] | None = None


IDLE, OPENING, CONNECTING, GREETING, LIVE, RETRYING, ENDING = Phase
ANY = tuple(Phase)
CALL = ANY[1:]
CONNECTED = (CONNECTING, GREETING, LIVE)
TALKING = (OPENING, *CONNECTED)

TABLE: tuple[Row, ...] = (
    # Start and the microphone
    Row((IDLE, ENDING), inputs.Start, actions.refuse_missing_url, to=IDLE, when=conditions.no_url),
    Row((IDLE,), inputs.Start, actions.begin_with_microphone_open, to=CONNECTING, when=conditions.mic_open),
    Row((IDLE,), inputs.Start, actions.begin_with_microphone_opening, to=OPENING, when=conditions.mic_opening),
    Row((IDLE,), inputs.Start, actions.begin_with_microphone_closed, to=OPENING, when=conditions.mic_closed),
    Row((ENDING,), inputs.Start, actions.restart, to=OPENING),
    Row((IDLE, ENDING), inputs.StartFailed, actions.fail_to_start, to=IDLE),
    Row((IDLE, *CONNECTED, RETRYING), inputs.StartMic, actions.start_microphone, when=conditions.mic_closed),
    Row((OPENING,), inputs.MicrophoneOpened, actions.connect_with_microphone, to=CONNECTING, when=conditions.requested),
    Row((IDLE, *CONNECTED, RETRYING), inputs.MicrophoneOpened, actions.microphone_opened, when=conditions.requested),
    Row((OPENING,), inputs.MicrophoneFailed, actions.fail_without_microphone, to=IDLE, when=conditions.requested),
    Row((IDLE, *CONNECTED, RETRYING), inputs.MicrophoneFailed, actions.microphone_failed, when=conditions.requested),
    Row((IDLE, *CONNECTED, RETRYING), inputs.MicrophoneEnded, devices.replace_microphone, when=conditions.unplugged),
    Row((IDLE, *CONNECTED, RETRYING), inputs.MicrophoneEnded, actions.microphone_ended, when=conditions.capturing),
    # Devices
    Row(ANY, inputs.DevicesListed, devices.list_devices),
    Row(ANY, inputs.ChangeMicDevice, devices.remember_microphone, when=conditions.mic_closed),
    Row(ANY, inputs.ChangeMicDevice, devices.change_microphone, when=conditions.other_device),
    Row(ANY, inputs.HearingChanged, devices.reopen_microphone, when=conditions.mic_in_use),
    Row(ANY, inputs.MicrophoneMoved, devices.move_microphone, when=conditions.mic_in_use),
    Row((IDLE, *CONNECTED, RETRYING), inputs.MicrophoneMoved, devices.rejoin_microphone, when=conditions.mic_closed),
    Row(ANY, inputs.ChangeSpeakerDevice, devices.change_speaker),
    Row(ANY, inputs.SpeakerFailed, devices.speaker_failed, when=conditions.same_speaker),
    # The connection comes
    Row((CONNECTING,), inputs.ConnectionOpened, actions.send_params, to=GREETING, when=conditions.current),
    Row((GREETING,), inputs.Received, actions.become_ready_and_receive, to=LIVE, when=conditions.current),
    Row((GREETING,), inputs.TimerFired, actions.become_ready, to=LIVE, when=conditions.timer(Timer.READY)),
    Row((RETRYING,), inputs.TimerFired, actions.reconnect, to=CONNECTING, when=conditions.timer(Timer.RETRY)),
    # The connection goes
    Row((CONNECTING,), inputs.ConnectionFailed, actions.lose_connection, to=RETRYING, when=conditions.recoverable),
    Row((CONNECTING,), inputs.ConnectionFailed, actions.fail_to_connect, to=IDLE, when=conditions.current),
    Row((GREETING, LIVE), inputs.ConnectionClosed, actions.lose_connection, to=RETRYING, when=conditions.recoverable),
    Row((GREETING,), inputs.ConnectionClosed, actions.fail_refused, to=IDLE, when=conditions.refused),
    Row((GREETING, LIVE), inputs.ConnectionClosed, actions.play_out, to=ENDING, when=conditions.over),
    Row((ENDING,), inputs.ConnectionClosed, actions.play_out, when=conditions.current),
    Row((GREETING, LIVE), inputs.ConnectionClosed, actions.fail_closed, to=IDLE, when=conditions.current),
    # Stop
    Row((LIVE,), inputs.Stop, actions.hear_out, to=ENDING, when=conditions.graceful),
    Row((ENDING,), inputs.Stop, actions.nothing, when=conditions.graceful),
    Row(ANY, inputs.Stop, actions.stop, to=IDLE),
    Row((ENDING,), inputs.TimerFired, actions.no_answer_came, when=conditions.timer(Timer.GOODBYE)),
    Row((ENDING,), inputs.Completion, actions.stop, to=IDLE, when=conditions.heard_out),
    # Mute and pause
    Row(ANY, inputs.Mute, actions.mute),
    Row(ANY, inputs.Unmute, actions.unmute),
    Row((*TALKING, RETRYING), inputs.Pause, actions.pause),
    Row(ANY, inputs.Resume, actions.resume),
    # Speech
    Row((IDLE,), SpeechConfirmed, talk.hear_before_call, when=conditions.heard),
    Row(TALKING, SpeechConfirmed, talk.resume_utterance, when=conditions.pausing),
    Row(TALKING, SpeechConfirmed, talk.open_utterance, when=conditions.heard),
    Row(TALKING, SpeechContinued, talk.continue_utterance),
    Row(TALKING, SpeechEnded, talk.ask_turn, when=conditions.turn_detected),
    Row(ANY, SpeechEnded, talk.end_utterance),
    Row(ANY, inputs.Completion, talk.end_utterance, when=conditions.speaking_while_ignored),
    # The end of a turn
    Row(TALKING, inputs.MicrophoneStalled, talk.end_utterance),
    Row(TALKING, inputs.TurnPredicted, talk.end_utterance, when=conditions.turn_complete),
    Row(TALKING, inputs.TurnPredicted, talk.wait_for_more, when=conditions.turn_incomplete),
    Row(TALKING, inputs.TimerFired, talk.end_utterance, when=conditions.timer(Timer.TURN_WAIT)),
    # What the server says, and what is heard of it
    Row((LIVE, ENDING), inputs.Received, talk.receive, when=conditions.current),
    Row(CALL, inputs.RoundTripMeasured, talk.round_trip, when=conditions.current),
    Row(CALL, inputs.PlaybackProgress, talk.heard, when=conditions.same_epoch),
    Row(CALL, inputs.TimerFired, talk.answer_over, when=conditions.timer(Timer.ANSWER_GAP)),
    Row(CALL, inputs.TimerFired, talk.echo_over, when=conditions.timer(Timer.ECHO_TAIL)),
)


def find_row(call: Call, event: inputs.Input) -> Row | None:
    """Return the row that applies, or None."""
    for row in TABLE:
        if call.phase in row.phases and type(event) is row.on and (row.when is None or row.when(call, event)):
            return row
    return None


def step(call: Call, event: inputs.Input, now_ms: float) -> tuple[Call, tuple[Effect, ...]]:
    """Take one step of a call.

    Parameters
    ----------
    call
        The call so far.
    event
        What happened.
    now_ms
        The time, in milliseconds, on a clock that never goes back.

    Returns
    -------
    call, effects
        The call afterwards, and what to do, in order; `StateChanged` comes before the events of the same step,
        so that a handler sees the state that belongs to them.
    """
    work = Step(call, now_ms)
    if not _apply(work, event):
        return call, ()
    while _apply(work, inputs.Completion()):
        pass
    if call.listens and not work.call.listens:
        work.reset_hearing()
    before, after = snapshot(call), snapshot(work.call)
    if before != after:
        work.effects.insert(0, StateChanged(after, before))
    return work.call, tuple(work.effects)


def _apply(work: Step, event: inputs.Input) -> bool:
    row = find_row(work.call, event)
    if row is None:
        return False
    if row.to is Phase.LIVE:
        work.set(phase=Phase.LIVE)  # the action sends what was kept
    row.action(work, event)
    if row.to is not None:
        work.set(phase=row.to)
    return True
