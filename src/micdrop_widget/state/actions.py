"""What the call machine does to begin, keep and end a call. The table in `state.machine` says when."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.errors import MicdropError, MicdropErrorCode, error_for_close
from micdrop_widget.state import inputs
from micdrop_widget.state.devices import not_replaced, tell_replaced
from micdrop_widget.state.effects import CancelTimer, SendParams, Timer, Warn
from micdrop_widget.state.snapshot import MicPhase
from micdrop_widget.state.step import Step
from micdrop_widget.state.talk import GOODBYE_MS, close_utterance, receive

__all__ = [
    "READY_GRACE_MS",
    "become_ready",
    "become_ready_and_receive",
    "begin",
    "begin_with_microphone_closed",
    "begin_with_microphone_open",
    "begin_with_microphone_opening",
    "connect_with_microphone",
    "fail",
    "fail_closed",
    "fail_refused",
    "fail_to_connect",
    "fail_to_start",
    "fail_without_microphone",
    "hear_out",
    "lose_connection",
    "microphone_ended",
    "microphone_failed",
    "microphone_opened",
    "mute",
    "no_answer_came",
    "nothing",
    "pause",
    "play_out",
    "reconnect",
    "refuse_missing_url",
    "restart",
    "resume",
    "send_params",
    "start_microphone",
    "stop",
    "unmute",
]

READY_GRACE_MS = 1000
"""A server that says nothing for this long after the params is taken to be ready."""

_RETRY_JITTER = 0.3


# Start and the microphone


def refuse_missing_url(step: Step, start: inputs.Start) -> None:
    """Fail before anything was opened."""
    begin(step, start)
    fail(
        step,
        MicdropError(
            MicdropErrorCode.MissingUrl,
            "The call has no url.",
            "Give the server's address: MicdropWidget(url='ws://localhost:8081').",
        ),
    )


def begin(step: Step, start: inputs.Start) -> None:
    """Begin a new call: what the last one left is cleared, and what was heard before it stays unsent."""
    step.set(
        settings=start.settings,
        conversation=(),
        partial_assistant_message="",
        error=None,
        processing=True,
        speaking=False,
        goodbye_due=False,
    )
    step.reset_hearing()


def begin_with_microphone_open(step: Step, start: inputs.Start) -> None:
    """Begin, with the microphone that `start_mic` opened."""
    begin(step, start)
    step.open_connection()


def begin_with_microphone_opening(step: Step, start: inputs.Start) -> None:
    """Begin while `start_mic` still waits for the microphone: the same request serves both."""
    begin(step, start)


def begin_with_microphone_closed(step: Step, start: inputs.Start) -> None:
    """Begin by asking for the microphone."""
    begin(step, start)
    step.request_microphone(step.call.chosen_mic_id)


def restart(step: Step, start: inputs.Start) -> None:
    """End the call that is being heard out, and begin the next one."""
    step.end_call()
    begin_with_microphone_closed(step, start)


def fail_to_start(step: Step, failed: inputs.StartFailed) -> None:
    """Report why the call cannot be begun; a microphone that was opened for it is released."""
    fail(step, failed.error)


def start_microphone(step: Step, start_mic: inputs.StartMic) -> None:
    """Ask for the microphone, without a call or for a call that has lost its own."""
    step.set(error=None)
    step.request_microphone(start_mic.device_id or step.call.chosen_mic_id)


def microphone_opened(step: Step, opened: inputs.MicrophoneOpened) -> None:
    """Note what was opened, and listen from its first sample."""
    call = step.call
    step.set(
        mic=MicPhase.OPEN,
        mic_device_id=opened.device_id,
        echo_cancellation=opened.echo_cancellation,
        mic_devices=opened.mic_devices or call.mic_devices,
        speaker_devices=opened.speaker_devices or call.speaker_devices,
    )
    tell_replaced(step)


def connect_with_microphone(step: Step, opened: inputs.MicrophoneOpened) -> None:
    """Note what was opened, and connect."""
    microphone_opened(step, opened)
    step.open_connection()


def microphone_failed(step: Step, failed: inputs.MicrophoneFailed) -> None:
    """Report it; nothing else has to end."""
    error = not_replaced(step.call, failed.error)
    step.set(mic=MicPhase.CLOSED, chosen_mic_id=None, mic_lost=None)
    step.report(error)


def fail_without_microphone(step: Step, failed: inputs.MicrophoneFailed) -> None:
    """Fail the start."""
    error = not_replaced(step.call, failed.error)
    step.set(chosen_mic_id=None)
    fail(step, error)


def microphone_ended(step: Step, ended: inputs.MicrophoneEnded) -> None:
    """Close the microphone; the call goes on without it."""
    step.release_microphone()
    if ended.error is not None:
        step.report(ended.error)


# The connection


def send_params(step: Step, _: inputs.ConnectionOpened) -> None:
    """Send the params, then nothing until the server is ready."""
    if step.call.settings.has_params:
        step.add(SendParams())
    step.set_timer(Timer.READY, READY_GRACE_MS)


def become_ready(step: Step, _: inputs.TimerFired) -> None:
    """Take the server for ready after the grace period. Who has not spoken yet may."""
    step.set(processing=_question_kept(step))
    _ready(step)


def become_ready_and_receive(step: Step, received: inputs.Received) -> None:
    """Take the first frame of the server as the sign that it is ready."""
    waiting = _question_kept(step)
    _ready(step)
    receive(step, received)
    if waiting:  # a greeting is no answer to what the user has already asked
        step.set(processing=True)


def _question_kept(step: Step) -> bool:
    return step.call.processing and bool(step.call.outbox)


def _ready(step: Step) -> None:
    step.add(CancelTimer(Timer.READY))
    step.set(was_ready=True, rejoined=step.call.was_ready, attempt=0, error=None)
    step.send_outbox()


def fail_to_connect(step: Step, failed: inputs.ConnectionFailed) -> None:
    """Fail: a first connection that does not come about is not tried again, nor one after the last attempt."""
    fail(step, failed.error)


def fail_closed(step: Step, closed: inputs.ConnectionClosed) -> None:
    """Fail with what the close code stands for."""
    fail(step, error_for_close(closed.close_code, closed.reason))


def fail_refused(step: Step, _: inputs.ConnectionClosed) -> None:
    """Fail: the server closed normally before the call was ready."""
    fail(
        step,
        MicdropError(
            MicdropErrorCode.Connection,
            "The server closed the connection before the call was ready.",
            "Look at the server's log, then start the call again.",
        ),
    )


def lose_connection(step: Step, lost: inputs.ConnectionClosed | inputs.ConnectionFailed) -> None:
    """Log why, and wait before the next attempt. The open utterance died with the connection."""
    attempt = step.call.attempt + 1
    error = lost.error if isinstance(lost, inputs.ConnectionFailed) else error_for_close(lost.close_code, lost.reason)
    step.add(Warn(f"{error.message} Trying again."))
    step.drop_utterance()
    step.set(
        attempt=attempt,
        processing=False,
        goodbye_due=False,
        partial_assistant_message="",
        outbox=(),
    )
    step.add(CancelTimer(Timer.READY))
    step.set_timer(Timer.RETRY, step.call.settings.reconnect.delay_before(attempt), _RETRY_JITTER)


def reconnect(step: Step, _: inputs.TimerFired) -> None:
    """Connect again."""
    step.open_connection()


def fail(step: Step, error: MicdropError) -> None:
    """End the call with an error."""
    step.end_call()
    step.report(error)


# Ends


def stop(step: Step, _: inputs.Stop | inputs.ConnectionClosed | inputs.Completion) -> None:
    """End the call; the server is told that an open utterance is complete."""
    close_utterance(step)
    step.end_call()


def hear_out(step: Step, _: inputs.Stop) -> None:
    """Release the microphone, and wait until the assistant has been heard."""
    close_utterance(step)
    step.release_microphone()
    if step.call.processing or step.call.goodbye_due:
        step.set_timer(Timer.GOODBYE, GOODBYE_MS)


def play_out(step: Step, _: inputs.ConnectionClosed) -> None:
    """Release the microphone, and play what has arrived: nothing more will."""
    step.release_microphone()
    step.drop_utterance()
    step.set(processing=False, goodbye_due=False)


def no_answer_came(step: Step, _: inputs.TimerFired) -> None:
    """Wait no longer for an answer."""
    step.set(processing=False, goodbye_due=False)


def nothing(_step: Step, _input: inputs.Input) -> None:
    """Leave everything as it is."""


# Mute and pause


def mute(step: Step, _: inputs.Mute) -> None:
    """Stop listening; an open utterance is closed by the rule that a deaf microphone has none."""
    step.set(muted=True)


def unmute(step: Step, _: inputs.Unmute) -> None:
    """Listen again."""
    step.set(muted=False)


def pause(step: Step, _: inputs.Pause) -> None:
    """Close the utterance, then tell the server, and be silent."""
    if step.call.paused:
        return
    close_utterance(step)
    step.send(wire.MuteCommand())
    step.silence_assistant()
    step.set(paused=True, processing=False)


def resume(step: Step, _: inputs.Resume) -> None:
    """End the pause; nothing is sent."""
    # A pause that is over before the server could be told of it has nothing to cancel.
    unheard = tuple(kept for kept in step.call.outbox if not isinstance(kept, wire.MuteCommand))
    step.set(paused=False, outbox=unheard)
