"""The call machine: a table of transitions, and the function that takes one step.

The table is read from the top; the first row whose phase, input and condition fit is taken, and no row means that
the input changes nothing there. Time is an argument; nothing here knows a clock, a thread or a socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import actions as do
from micdrop_widget.state import conditions as if_
from micdrop_widget.state import devices, talk
from micdrop_widget.state import inputs as i
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
    Row((IDLE, ENDING), i.Start, do.refuse_missing_url, to=IDLE, when=if_.no_url),
    Row((IDLE,), i.Start, do.begin_with_microphone_open, to=CONNECTING, when=if_.mic_open),
    Row((IDLE,), i.Start, do.begin_with_microphone_opening, to=OPENING, when=if_.mic_opening),
    Row((IDLE,), i.Start, do.begin_with_microphone_closed, to=OPENING, when=if_.mic_closed),
    Row((ENDING,), i.Start, do.restart, to=OPENING),
    Row((IDLE, *CONNECTED, RETRYING), i.StartMic, do.start_microphone, when=if_.mic_closed),
    Row((OPENING,), i.MicrophoneOpened, do.connect_with_microphone, to=CONNECTING, when=if_.requested),
    Row((IDLE, *CONNECTED, RETRYING), i.MicrophoneOpened, do.microphone_opened, when=if_.requested),
    Row((OPENING,), i.MicrophoneFailed, do.fail_without_microphone, to=IDLE, when=if_.requested),
    Row((IDLE, *CONNECTED, RETRYING), i.MicrophoneFailed, do.microphone_failed, when=if_.requested),
    Row((IDLE, *CONNECTED, RETRYING), i.MicrophoneEnded, devices.replace_microphone, when=if_.unplugged),
    Row((IDLE, *CONNECTED, RETRYING), i.MicrophoneEnded, do.microphone_ended, when=if_.capturing),
    # Devices
    Row(ANY, i.DevicesListed, devices.list_devices),
    Row(ANY, i.ChangeMicDevice, devices.remember_microphone, when=if_.mic_closed),
    Row(ANY, i.ChangeMicDevice, devices.change_microphone, when=if_.other_device),
    Row(ANY, i.HearingChanged, devices.reopen_microphone, when=if_.mic_in_use),
    Row(ANY, i.MicrophoneMoved, devices.move_microphone, when=if_.mic_in_use),
    Row((IDLE, *CONNECTED, RETRYING), i.MicrophoneMoved, devices.rejoin_microphone, when=if_.mic_closed),
    Row(ANY, i.ChangeSpeakerDevice, devices.change_speaker),
    Row(ANY, i.SpeakerFailed, devices.speaker_failed, when=if_.same_speaker),
    # The connection comes
    Row((CONNECTING,), i.ConnectionOpened, do.send_params, to=GREETING, when=if_.current),
    Row((GREETING,), i.Received, do.become_ready_and_receive, to=LIVE, when=if_.current),
    Row((GREETING,), i.TimerFired, do.become_ready, to=LIVE, when=if_.timer(Timer.READY)),
    Row((RETRYING,), i.TimerFired, do.reconnect, to=CONNECTING, when=if_.timer(Timer.RETRY)),
    # The connection goes
    Row((CONNECTING,), i.ConnectionFailed, do.lose_connection, to=RETRYING, when=if_.recoverable),
    Row((CONNECTING,), i.ConnectionFailed, do.fail_to_connect, to=IDLE, when=if_.current),
    Row((GREETING, LIVE), i.ConnectionClosed, do.lose_connection, to=RETRYING, when=if_.recoverable),
    Row((GREETING,), i.ConnectionClosed, do.fail_refused, to=IDLE, when=if_.refused),
    Row((GREETING, LIVE), i.ConnectionClosed, do.play_out, to=ENDING, when=if_.over),
    Row((ENDING,), i.ConnectionClosed, do.play_out, when=if_.current),
    Row((GREETING, LIVE), i.ConnectionClosed, do.fail_closed, to=IDLE, when=if_.current),
    # Stop
    Row((LIVE,), i.Stop, do.hear_out, to=ENDING, when=if_.graceful),
    Row((ENDING,), i.Stop, do.nothing, when=if_.graceful),
    Row(ANY, i.Stop, do.stop, to=IDLE),
    Row((ENDING,), i.TimerFired, do.no_answer_came, when=if_.timer(Timer.GOODBYE)),
    Row((ENDING,), i.Completion, do.stop, to=IDLE, when=if_.heard_out),
    # Mute and pause
    Row(ANY, i.Mute, do.mute),
    Row(ANY, i.Unmute, do.unmute),
    Row((*TALKING, RETRYING), i.Pause, do.pause),
    Row(ANY, i.Resume, do.resume),
    # Speech
    Row((IDLE,), SpeechConfirmed, talk.hear_before_call, when=if_.heard),
    Row(TALKING, SpeechConfirmed, talk.resume_utterance, when=if_.pausing),
    Row(TALKING, SpeechConfirmed, talk.open_utterance, when=if_.heard),
    Row(TALKING, SpeechContinued, talk.continue_utterance),
    Row(TALKING, SpeechEnded, talk.ask_turn, when=if_.turn_detected),
    Row(ANY, SpeechEnded, talk.end_utterance),
    Row(ANY, i.Completion, talk.end_utterance, when=if_.deaf_while_speaking),
    # The end of a turn
    Row(TALKING, i.MicrophoneStalled, talk.end_utterance),
    Row(TALKING, i.TurnPredicted, talk.end_utterance, when=if_.turn_complete),
    Row(TALKING, i.TurnPredicted, talk.wait_for_more, when=if_.turn_incomplete),
    Row(TALKING, i.TimerFired, talk.end_utterance, when=if_.timer(Timer.TURN_WAIT)),
    # What the server says, and what is heard of it
    Row((LIVE, ENDING), i.Received, talk.receive, when=if_.current),
    Row(CALL, i.RoundTripMeasured, talk.round_trip, when=if_.current),
    Row(CALL, i.Heard, talk.heard, when=if_.same_epoch),
    Row(CALL, i.TimerFired, talk.answer_over, when=if_.timer(Timer.ANSWER_GAP)),
    Row(CALL, i.TimerFired, talk.echo_over, when=if_.timer(Timer.ECHO_TAIL)),
)


def find_row(call: Call, event: i.Input) -> Row | None:
    """Return the row that applies, or None."""
    for row in TABLE:
        if call.phase in row.phases and type(event) is row.on and (row.when is None or row.when(call, event)):
            return row
    return None


def step(call: Call, event: i.Input, now_ms: float) -> tuple[Call, tuple[Effect, ...]]:
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
    while _apply(work, i.Completion()):
        pass
    if call.hears and not work.call.hears:
        work.reset_hearing()
    before, after = snapshot(call), snapshot(work.call)
    if before != after:
        work.effects.insert(0, StateChanged(after, before))
    return work.call, tuple(work.effects)


def _apply(work: Step, event: i.Input) -> bool:
    row = find_row(work.call, event)
    if row is None:
        return False
    if row.to is Phase.LIVE:
        work.set(phase=Phase.LIVE)  # the action sends what was kept
    row.action(work, event)
    if row.to is not None:
        work.set(phase=row.to)
    return True
