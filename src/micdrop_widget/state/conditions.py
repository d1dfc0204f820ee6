"""The conditions of the call machine's table."""

from __future__ import annotations

from collections.abc import Callable

from micdrop_widget.errors import error_for_close, is_call_over, is_retryable
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import Call, MicPhase

__all__ = [
    "closed_before_ready",
    "current_epoch",
    "current_microphone",
    "current_socket",
    "ended_normally",
    "endpointing",
    "graceful",
    "latest_request",
    "listens",
    "mic_closed",
    "mic_open",
    "mic_opening",
    "no_url",
    "nothing_left_to_hear",
    "out_of_date_silence",
    "retryable",
    "retryable_timeout",
    "timer",
    "turn_complete",
    "turn_detector_decides",
    "turn_incomplete",
    "unplugged",
    "utterance_while_ignored",
]


def no_url(_: Call, start: inputs.Start) -> bool:
    """The call has no url."""
    return not start.settings.has_url


def mic_open(call: Call, _: object) -> bool:
    """The microphone is open."""
    return call.mic is MicPhase.OPEN


def mic_opening(call: Call, _: object) -> bool:
    """The microphone is being opened."""
    return call.mic is MicPhase.OPENING


def mic_closed(call: Call, _: object) -> bool:
    """The microphone is closed."""
    return call.mic is MicPhase.CLOSED


def mic_in_use(call: Call, _: object) -> bool:
    """The microphone is open or being opened."""
    return call.mic is not MicPhase.CLOSED


def other_device(call: Call, change: inputs.ChangeMicDevice) -> bool:
    """Another microphone is open, or one is being opened."""
    opening = call.mic is MicPhase.OPENING
    return opening or (call.mic is MicPhase.OPEN and call.mic_device_id != change.device_id)


def selected_speaker(call: Call, failed: inputs.SpeakerFailed) -> bool:
    """The loudspeaker that failed is the one that is selected."""
    return call.speaker_device_id == failed.device_id


def latest_request(call: Call, answer: inputs.MicrophoneOpened | inputs.MicrophoneFailed) -> bool:
    """The report answers the latest request for the microphone."""
    return call.mic is MicPhase.OPENING and answer.request == call.mic_request


def current_microphone(call: Call, ended: inputs.MicrophoneEnded) -> bool:
    """The report is about the microphone that is open."""
    return call.mic is MicPhase.OPEN and ended.request == call.mic_request


def unplugged(call: Call, ended: inputs.MicrophoneEnded) -> bool:
    """The microphone that is open was unplugged."""
    return current_microphone(call, ended) and ended.unplugged


def current_socket(
    call: Call,
    report: inputs.ConnectionOpened
    | inputs.ConnectionFailed
    | inputs.ConnectionClosed
    | inputs.Received
    | inputs.RoundTripMeasured,
) -> bool:
    """The report is about the current socket."""
    return report.connection == call.connection


def ended_normally(call: Call, closed: inputs.ConnectionClosed) -> bool:
    """The server ended the call normally."""
    return current_socket(call, closed) and is_call_over(closed.close_code)


def closed_before_ready(call: Call, closed: inputs.ConnectionClosed) -> bool:
    """The server closed normally before the call was ready."""
    return ended_normally(call, closed) and not call.was_ready


def retryable(call: Call, report: inputs.ConnectionFailed | inputs.ConnectionClosed) -> bool:
    """The call was ready, the failure may pass, and another attempt is allowed."""
    if not current_socket(call, report) or not call.was_ready:
        return False
    if isinstance(report, inputs.ConnectionFailed):
        error = report.error
    elif is_call_over(report.close_code):
        return False
    else:
        error = error_for_close(report.close_code)
    return is_retryable(error) and call.settings.reconnect.allows(call.attempt + 1)


def retryable_timeout(call: Call, fired: inputs.TimerFired) -> bool:
    """The timer “connection” has run out, the call was ready, and another attempt is allowed."""
    return fired.timer is Timer.CONNECTION and call.was_ready and call.settings.reconnect.allows(call.attempt + 1)


def graceful(_: Call, stop: inputs.Stop) -> bool:
    """The stop is graceful: the assistant is heard to the end."""
    return stop.graceful


def nothing_left_to_hear(call: Call, _: inputs.Completion) -> bool:
    """The call is paused, or nothing is playing and no answer is awaited."""
    return call.paused or not (call.assistant_speaking or call.playback_samples or call.processing or call.goodbye_due)


def utterance_while_ignored(call: Call, _: inputs.Completion) -> bool:
    """An utterance is open, but the call no longer listens to the microphone."""
    return call.utterance_open and not call.listens


def out_of_date_silence(call: Call, _: inputs.Completion) -> bool:
    """The microphone was noted as silent, and is closed, muted or paused now."""
    return call.mic_silent and (call.mic is not MicPhase.OPEN or call.muted or call.paused)


def listens(call: Call, _: object) -> bool:
    """The call listens to the microphone."""
    return call.listens


def endpointing(call: Call, _: object) -> bool:
    """The user is silent within the turn, and the call listens to the microphone."""
    return call.endpointing and call.listens


def turn_detector_decides(call: Call, _: object) -> bool:
    """An utterance is open, and a turn detector decides when it is over."""
    return call.user_speaking and call.settings.detects_turns


def turn_complete(call: Call, predicted: inputs.TurnPredicted) -> bool:
    """The user is still silent, and the latest prediction says that the turn is complete."""
    return call.endpointing and predicted.question == call.question and predicted.complete


def turn_incomplete(call: Call, predicted: inputs.TurnPredicted) -> bool:
    """The user is still silent, and the latest prediction says that the turn is not complete."""
    return call.endpointing and predicted.question == call.question and not predicted.complete


def current_epoch(call: Call, report: inputs.PlaybackProgress) -> bool:
    """The report is about the current epoch of playback."""
    return report.epoch == call.epoch and 0 < report.samples <= call.playback_samples


def timer(timer: Timer) -> Callable[[Call, inputs.TimerFired], bool]:
    """Return the condition that this timer has fired."""

    def fired(_: Call, event: inputs.TimerFired) -> bool:
        return event.timer is timer

    fired.__name__ = timer.value
    fired.__doc__ = f"The timer “{timer.value}” has run out."
    return fired
