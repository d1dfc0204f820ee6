"""The conditions of the call machine's table, named as its rows read."""

from __future__ import annotations

from collections.abc import Callable

from micdrop_widget.errors import error_for_close, is_call_over, is_retryable
from micdrop_widget.state import inputs as i
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import Call, MicPhase

__all__ = [
    "capturing",
    "current",
    "deaf_while_speaking",
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
    "timer",
    "turn_complete",
    "turn_detected",
    "turn_incomplete",
    "unplugged",
]


def no_url(_: Call, start: i.Start) -> bool:
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


def other_device(call: Call, change: i.ChangeMicDevice) -> bool:
    """Another microphone is open, or has been asked for."""
    opening = call.mic is MicPhase.OPENING
    return opening or (call.mic is MicPhase.OPEN and call.mic_device_id != change.device_id)


def same_speaker(call: Call, failed: i.SpeakerFailed) -> bool:
    """The loudspeaker that failed is the one that was asked for last."""
    return call.speaker_device_id == failed.device_id


def requested(call: Call, answer: i.MicrophoneOpened | i.MicrophoneFailed) -> bool:
    """The report answers the latest request for the microphone."""
    return call.mic is MicPhase.OPENING and answer.request == call.mic_request


def capturing(call: Call, ended: i.MicrophoneEnded) -> bool:
    """The report is about the microphone that captures."""
    return call.mic is MicPhase.OPEN and ended.request == call.mic_request


def unplugged(call: Call, ended: i.MicrophoneEnded) -> bool:
    """The microphone that captures was unplugged."""
    return capturing(call, ended) and ended.unplugged


def current(
    call: Call,
    report: i.ConnectionOpened | i.ConnectionFailed | i.ConnectionClosed | i.Received | i.RoundTripMeasured,
) -> bool:
    """The report comes from the current socket, not from one that was given up."""
    return report.connection == call.connection


def over(call: Call, closed: i.ConnectionClosed) -> bool:
    """The server ended the call normally."""
    return current(call, closed) and is_call_over(closed.close_code)


def refused(call: Call, closed: i.ConnectionClosed) -> bool:
    """The server ended the call normally, but it has never been ready."""
    return over(call, closed) and not call.was_ready


def recoverable(call: Call, report: i.ConnectionFailed | i.ConnectionClosed) -> bool:
    """The call was ready, the failure may pass, and another attempt is allowed."""
    if not current(call, report) or not call.was_ready:
        return False
    if isinstance(report, i.ConnectionFailed):
        error = report.error
    elif is_call_over(report.close_code):
        return False
    else:
        error = error_for_close(report.close_code)
    return is_retryable(error) and call.settings.reconnect.allows(call.attempt + 1)


def graceful(_: Call, stop: i.Stop) -> bool:
    """The assistant is to be heard to the end."""
    return stop.graceful


def heard_out(call: Call, _: i.Completion) -> bool:
    """Nothing is being heard, and nothing more is expected or would be heard, the call being paused."""
    return call.paused or not (call.answering or call.sent_samples or call.processing or call.goodbye_due)


def deaf_while_speaking(call: Call, _: i.Completion) -> bool:
    """An utterance is open, but the microphone is not listened to any more."""
    return call.utterance_open and not call.hears


def heard(call: Call, _: object) -> bool:
    """The microphone is listened to."""
    return call.hears


def pausing(call: Call, _: object) -> bool:
    """The user pauses within the turn, and the microphone is listened to."""
    return call.pausing and call.hears


def turn_detected(call: Call, _: object) -> bool:
    """An utterance is open, and a turn detector knows when it is over."""
    return call.speaking and call.settings.detects_turns


def turn_complete(call: Call, predicted: i.TurnPredicted) -> bool:
    """The answer is to the latest question, the user is still silent, and the turn is complete."""
    return call.pausing and predicted.question == call.question and predicted.complete


def turn_incomplete(call: Call, predicted: i.TurnPredicted) -> bool:
    """The answer is to the latest question, the user is still silent, and the turn is not complete."""
    return call.pausing and predicted.question == call.question and not predicted.complete


def same_epoch(call: Call, report: i.Heard) -> bool:
    """The report is about the current playback, not about one that was flushed."""
    return report.epoch == call.epoch and 0 < report.samples <= call.sent_samples


def timer(timer: Timer) -> Callable[[Call, i.TimerFired], bool]:
    """Return the condition that this timer has fired."""

    def fired(_: Call, event: i.TimerFired) -> bool:
        return event.timer is timer

    fired.__name__ = timer.value
    fired.__doc__ = f"The timer “{timer.value}” has run out."
    return fired
