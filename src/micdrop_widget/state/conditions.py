"""The conditions of the call machine's table, named as its rows read."""

from __future__ import annotations

from collections.abc import Callable

from micdrop_widget.errors import error_for_close, is_call_over, is_retryable
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import Call, MicPhase

__all__ = [
    "capturing",
    "current",
    "graceful",
    "heard",
    "heard_out",
    "mic_closed",
    "mic_open",
    "mic_opening",
    "no_url",
    "over",
    "pausing",
    "recoverable",
    "refused",
    "requested",
    "same_epoch",
    "speaking_while_ignored",
    "timer",
    "turn_complete",
    "turn_detected",
    "turn_incomplete",
    "unplugged",
]


def no_url(_: Call, start: inputs.Start) -> bool:
    """There is no address to connect to."""
    return not start.settings.has_url


def mic_open(call: Call, _: object) -> bool:
    """The microphone captures."""
    return call.mic is MicPhase.OPEN


def mic_opening(call: Call, _: object) -> bool:
    """The microphone has been asked for."""
    return call.mic is MicPhase.OPENING


def mic_closed(call: Call, _: object) -> bool:
    """Nobody has asked for the microphone."""
    return call.mic is MicPhase.CLOSED


def mic_in_use(call: Call, _: object) -> bool:
    """The microphone captures, or has been asked for."""
    return call.mic is not MicPhase.CLOSED


def other_device(call: Call, change: inputs.ChangeMicDevice) -> bool:
    """Another microphone is open, or has been asked for."""
    opening = call.mic is MicPhase.OPENING
    return opening or (call.mic is MicPhase.OPEN and call.mic_device_id != change.device_id)


def same_speaker(call: Call, failed: inputs.SpeakerFailed) -> bool:
    """The loudspeaker that failed is the one that was asked for last."""
    return call.speaker_device_id == failed.device_id


def requested(call: Call, answer: inputs.MicrophoneOpened | inputs.MicrophoneFailed) -> bool:
    """The report answers the latest request for the microphone."""
    return call.mic is MicPhase.OPENING and answer.request == call.mic_request


def capturing(call: Call, ended: inputs.MicrophoneEnded) -> bool:
    """The report is about the microphone that captures."""
    return call.mic is MicPhase.OPEN and ended.request == call.mic_request


def unplugged(call: Call, ended: inputs.MicrophoneEnded) -> bool:
    """The microphone that captures was unplugged."""
    return capturing(call, ended) and ended.unplugged


def current(
    call: Call,
    report: inputs.ConnectionOpened
    | inputs.ConnectionFailed
    | inputs.ConnectionClosed
    | inputs.Received
    | inputs.RoundTripMeasured,
) -> bool:
    """The report comes from the current socket, not from one that was given up."""
    return report.connection == call.connection


def over(call: Call, closed: inputs.ConnectionClosed) -> bool:
    """The server ended the call normally."""
    return current(call, closed) and is_call_over(closed.close_code)


def refused(call: Call, closed: inputs.ConnectionClosed) -> bool:
    """The server ended the call normally, but it has never been ready."""
    return over(call, closed) and not call.was_ready


def recoverable(call: Call, report: inputs.ConnectionFailed | inputs.ConnectionClosed) -> bool:
    """The call was ready, the failure may pass, and another attempt is allowed."""
    if not current(call, report) or not call.was_ready:
        return False
    if isinstance(report, inputs.ConnectionFailed):
        error = report.error
    elif is_call_over(report.close_code):
        return False
    else:
        error = error_for_close(report.close_code)
    return is_retryable(error) and call.settings.reconnect.allows(call.attempt + 1)


def graceful(_: Call, stop: inputs.Stop) -> bool:
    """The assistant is to be heard to the end."""
    return stop.graceful


def heard_out(call: Call, _: inputs.Completion) -> bool:
    """Nothing is being heard, and nothing more is expected or would be heard, the call being paused."""
    return call.paused or not (call.answering or call.sent_samples or call.processing or call.goodbye_due)


def speaking_while_ignored(call: Call, _: inputs.Completion) -> bool:
    """An utterance is open, but the microphone is not listened to any more."""
    return call.utterance_open and not call.listens


def heard(call: Call, _: object) -> bool:
    """The microphone is listened to."""
    return call.listens


def pausing(call: Call, _: object) -> bool:
    """The user pauses within the turn, and the microphone is listened to."""
    return call.pausing and call.listens


def turn_detected(call: Call, _: object) -> bool:
    """An utterance is open, and a turn detector knows when it is over."""
    return call.speaking and call.settings.detects_turns


def turn_complete(call: Call, predicted: inputs.TurnPredicted) -> bool:
    """The answer is to the latest question, the user is still silent, and the turn is complete."""
    return call.pausing and predicted.question == call.question and predicted.complete


def turn_incomplete(call: Call, predicted: inputs.TurnPredicted) -> bool:
    """The answer is to the latest question, the user is still silent, and the turn is not complete."""
    return call.pausing and predicted.question == call.question and not predicted.complete


def same_epoch(call: Call, report: inputs.PlaybackProgress) -> bool:
    """The report is about the current playback, not about one that was flushed."""
    return report.epoch == call.epoch and 0 < report.samples <= call.sent_samples


def timer(timer: Timer) -> Callable[[Call, inputs.TimerFired], bool]:
    """Return the condition that this timer has fired."""

    def fired(_: Call, event: inputs.TimerFired) -> bool:
        return event.timer is timer

    fired.__name__ = timer.value
    fired.__doc__ = f"The timer “{timer.value}” has run out."
    return fired
