"""The call machine: a table of transitions, and the function that takes one step.

The table is read from the top; the first row whose phase, input and condition fit is taken, and no row means that
the input changes nothing there. Time is an argument; nothing here knows a clock, a thread or a socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import conditions, inputs
from micdrop_widget.state.actions import (
    answer,
    connection,
    devices,
    ending,
    listening,
    microphone,
    start,
    utterance,
)
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
MIC_PHASES = (IDLE, *CONNECTED, RETRYING)
TALKING = (OPENING, *CONNECTED)
BEFORE_ENDING = (*TALKING, RETRYING)

TABLE: tuple[Row, ...] = (
    # Start and the microphone
    Row((IDLE, ENDING), inputs.Start, start.refuse_missing_url, to=IDLE, when=conditions.no_url),
    Row((IDLE,), inputs.Start, start.begin_with_microphone_open, to=CONNECTING, when=conditions.mic_open),
    Row((IDLE,), inputs.Start, start.begin_with_microphone_opening, to=OPENING, when=conditions.mic_opening),
    Row((IDLE,), inputs.Start, start.begin_with_microphone_closed, to=OPENING, when=conditions.mic_closed),
    Row((ENDING,), inputs.Start, start.restart, to=OPENING),
    Row((IDLE, ENDING), inputs.StartFailed, start.fail_to_start, to=IDLE),
    Row(MIC_PHASES, inputs.StartMic, microphone.request, when=conditions.mic_closed),
    Row((OPENING,), inputs.MicrophoneOpened, microphone.connect, to=CONNECTING, when=conditions.latest_request),
    Row(MIC_PHASES, inputs.MicrophoneOpened, microphone.note_opened, when=conditions.latest_request),
    Row((OPENING,), inputs.MicrophoneFailed, microphone.fail_start, to=IDLE, when=conditions.latest_request),
    Row(MIC_PHASES, inputs.MicrophoneFailed, microphone.report_failed, when=conditions.latest_request),
    Row((OPENING,), inputs.TimerFired, microphone.give_up_start, to=IDLE, when=conditions.timer(Timer.MICROPHONE)),
    Row(MIC_PHASES, inputs.TimerFired, microphone.give_up, when=conditions.timer(Timer.MICROPHONE)),
    Row(MIC_PHASES, inputs.MicrophoneEnded, microphone.replace, when=conditions.unplugged),
    Row(MIC_PHASES, inputs.MicrophoneEnded, microphone.release, when=conditions.current_microphone),
    Row((IDLE, *TALKING), inputs.MicrophoneSilent, microphone.note_silence, when=conditions.listens),
    Row(ANY, inputs.Completion, microphone.forget_silence, when=conditions.out_of_date_silence),
    # Devices
    Row(ANY, inputs.DevicesListed, devices.list_devices),
    Row(ANY, inputs.ChangeMicDevice, devices.remember_microphone, when=conditions.mic_closed),
    Row(ANY, inputs.ChangeMicDevice, devices.change_microphone, when=conditions.other_device),
    Row(ANY, inputs.DetectionChanged, devices.reopen_microphone, when=conditions.mic_in_use),
    Row(ANY, inputs.MicrophoneMoved, devices.move_microphone, when=conditions.mic_in_use),
    Row(MIC_PHASES, inputs.MicrophoneMoved, devices.rejoin_microphone, when=conditions.mic_closed),
    Row(ANY, inputs.ChangeSpeakerDevice, devices.change_speaker),
    Row(ANY, inputs.SpeakerFailed, devices.speaker_failed, when=conditions.selected_speaker),
    Row(ANY, inputs.PlaybackFailed, devices.report_playback_failed),
    # The disk
    Row(ANY, inputs.RecordingFailed, devices.report_recording_failed),
    # The connection comes
    Row((CONNECTING,), inputs.ConnectionOpened, connection.send_params, to=GREETING, when=conditions.current_socket),
    Row((GREETING,), inputs.Received, connection.become_ready_and_receive, to=LIVE, when=conditions.current_socket),
    Row((GREETING,), inputs.TimerFired, connection.become_ready, to=LIVE, when=conditions.timer(Timer.READY)),
    Row((RETRYING,), inputs.TimerFired, connection.reconnect, to=CONNECTING, when=conditions.timer(Timer.RETRY)),
    # The connection goes
    Row((CONNECTING,), inputs.ConnectionFailed, connection.wait_to_retry, to=RETRYING, when=conditions.retryable),
    Row((CONNECTING,), inputs.ConnectionFailed, connection.fail_to_open, to=IDLE, when=conditions.current_socket),
    Row((CONNECTING,), inputs.TimerFired, connection.give_up_and_retry, to=RETRYING, when=conditions.retryable_timeout),
    Row((CONNECTING,), inputs.TimerFired, connection.give_up, to=IDLE, when=conditions.timer(Timer.CONNECTION)),
    Row((GREETING, LIVE), inputs.ConnectionClosed, connection.wait_to_retry, to=RETRYING, when=conditions.retryable),
    Row((GREETING,), inputs.ConnectionClosed, connection.fail_early, to=IDLE, when=conditions.closed_before_ready),
    Row((GREETING, LIVE), inputs.ConnectionClosed, ending.play_remaining, to=ENDING, when=conditions.ended_normally),
    Row((ENDING,), inputs.ConnectionClosed, ending.play_remaining, when=conditions.current_socket),
    Row((GREETING, LIVE), inputs.ConnectionClosed, connection.fail_closed, to=IDLE, when=conditions.current_socket),
    # Stop
    Row((LIVE,), inputs.Stop, ending.stop_gracefully, to=ENDING, when=conditions.graceful),
    Row((ENDING,), inputs.Stop, ending.stay, when=conditions.graceful),
    Row(ANY, inputs.Stop, ending.stop, to=IDLE),
    Row((ENDING,), inputs.TimerFired, ending.give_up_answer, when=conditions.timer(Timer.GOODBYE)),
    Row((ENDING,), inputs.TimerFired, ending.give_up_playback, when=conditions.timer(Timer.PLAYBACK)),
    Row((ENDING,), inputs.Completion, ending.stop, to=IDLE, when=conditions.nothing_left_to_hear),
    # Mute and pause
    Row(ANY, inputs.Mute, listening.mute),
    Row(ANY, inputs.Unmute, listening.unmute),
    Row((*TALKING, RETRYING), inputs.Pause, listening.pause),
    Row(ANY, inputs.Resume, listening.resume),
    # Speech
    Row((IDLE,), SpeechConfirmed, utterance.show_speech_before_call, when=conditions.listens),
    Row(TALKING, SpeechConfirmed, utterance.resume_utterance, when=conditions.endpointing),
    Row(TALKING, SpeechConfirmed, utterance.open_utterance, when=conditions.listens),
    Row(TALKING, SpeechContinued, utterance.continue_utterance),
    Row(TALKING, SpeechEnded, utterance.ask_turn_detector, when=conditions.turn_detector_decides),
    Row(ANY, SpeechEnded, utterance.end_utterance),
    Row(ANY, inputs.Completion, utterance.end_utterance, when=conditions.utterance_while_ignored),
    # The end of a turn
    Row(ANY, inputs.TurnDetectionChanged, utterance.change_turn_detection),
    Row(TALKING, inputs.MicrophoneStalled, utterance.end_utterance),
    Row(TALKING, inputs.TurnPredicted, utterance.end_utterance, when=conditions.turn_complete),
    Row(TALKING, inputs.TurnPredicted, utterance.keep_turn_open, when=conditions.turn_incomplete),
    Row(TALKING, inputs.TimerFired, utterance.end_utterance, when=conditions.timer(Timer.ENDPOINTING)),
    # What the server says, and what is heard of it
    Row((LIVE, ENDING), inputs.Received, answer.receive, when=conditions.current_socket),
    Row(ANY, inputs.ClearConversation, answer.clear_conversation),
    Row(CALL, inputs.RoundTripMeasured, answer.note_round_trip, when=conditions.current_socket),
    Row(CALL, inputs.PlaybackProgress, answer.follow_playback, when=conditions.current_epoch),
    Row((LIVE,), inputs.TimerFired, answer.give_up_answer, when=conditions.timer(Timer.ANSWER)),
    Row(BEFORE_ENDING, inputs.TimerFired, answer.give_up_playback, when=conditions.timer(Timer.PLAYBACK)),
    Row(CALL, inputs.TimerFired, answer.end_answer, when=conditions.timer(Timer.ANSWER_GAP)),
    Row(CALL, inputs.TimerFired, answer.end_echo_tail, when=conditions.timer(Timer.ECHO_TAIL)),
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
        work.reset_detection()
    work.keep_timers(call, event)
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
