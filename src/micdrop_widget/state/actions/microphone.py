"""The microphone opens, fails, ends, and is replaced."""

from __future__ import annotations

from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Warn
from micdrop_widget.state.limits import MICROPHONE_MS
from micdrop_widget.state.notices import NOTICES, NoticeCode
from micdrop_widget.state.snapshot import Call, MicPhase
from micdrop_widget.state.step import Step

__all__ = [
    "connect",
    "fail_start",
    "forget_silence",
    "give_up",
    "give_up_start",
    "note_opened",
    "note_silence",
    "release",
    "replace",
    "replacement_error",
    "report_failed",
    "report_replaced",
    "request",
]

_REPLACE_AGAIN_MS = 2000
"""A replacement that ends sooner than this is not replaced itself: something else is wrong, and would go on."""


def request(step: Step, start_mic: inputs.StartMic) -> None:
    """Open the microphone, before a call or for a call that has none."""
    step.set(error=None)
    step.request_microphone(start_mic.device_id or step.call.chosen_mic_id)


def note_opened(step: Step, opened: inputs.MicrophoneOpened) -> None:
    """Note the microphone that opened; the call listens from its first sample."""
    call = step.call
    step.set(
        mic=MicPhase.OPEN,
        mic_device_id=opened.device_id,
        echo_cancellation=opened.echo_cancellation,
        mic_devices=opened.mic_devices or call.mic_devices,
        speaker_devices=opened.speaker_devices or call.speaker_devices,
    )
    report_replaced(step)


def connect(step: Step, opened: inputs.MicrophoneOpened) -> None:
    """Note the microphone that opened, and connect."""
    note_opened(step, opened)
    step.open_connection()


def report_failed(step: Step, failed: inputs.MicrophoneFailed) -> None:
    """Report that the microphone failed; a call goes on without it."""
    error = replacement_error(step.call, failed.error)
    step.set(mic=MicPhase.CLOSED, chosen_mic_id=None, mic_unplugged_error=None)
    step.report(error)


def fail_start(step: Step, failed: inputs.MicrophoneFailed) -> None:
    """Fail the call: it has no microphone."""
    error = replacement_error(step.call, failed.error)
    step.set(chosen_mic_id=None)
    step.fail(error)


def give_up(step: Step, _: inputs.TimerFired) -> None:
    """Report that the microphone did not open; a call goes on without it."""
    error = _did_not_open(step.call)
    step.release_microphone()
    step.set(chosen_mic_id=None)
    step.report(error)


def give_up_start(step: Step, _: inputs.TimerFired) -> None:
    """Fail the call: the microphone did not open."""
    error = _did_not_open(step.call)
    step.set(chosen_mic_id=None)
    step.fail(error)


def _did_not_open(call: Call) -> MicdropError:
    return replacement_error(
        call,
        MicdropError(
            MicdropErrorCode.Mic,
            f"The microphone neither opened nor failed within {MICROPHONE_MS / 1000:g} s.",
            "Look for a question about the microphone in the page, and in the log; then start again.",
        ),
    )


def note_silence(step: Step, reported: inputs.MicrophoneSilent) -> None:
    """Note that the microphone gives no sound, or does again."""
    step.set(mic_silent=reported.is_silent)
    if reported.is_silent:
        notice = NOTICES[NoticeCode.SilentMicrophone]
        step.add(Warn(f"{notice.message} {notice.remedy}"))


def forget_silence(step: Step, _: inputs.Completion) -> None:
    """Forget that the microphone was silent: the call does not listen to it any more."""
    step.set(mic_silent=False)


def release(step: Step, ended: inputs.MicrophoneEnded) -> None:
    """Close the microphone; the call goes on without it."""
    step.release_microphone()
    if ended.error is not None:
        step.report(ended.error)


def replace(step: Step, ended: inputs.MicrophoneEnded) -> None:
    """Open any other microphone in its place; mute and pause stay."""
    assert ended.error is not None, "a microphone that was unplugged ends with an error"
    step.set(mic_device_id=None)
    if step.now_ms - step.call.mic_replaced_ms < _REPLACE_AGAIN_MS:
        step.release_microphone()
        step.set(chosen_mic_id=None)
        step.report(ended.error)
        return
    step.set(mic_unplugged_error=ended.error)
    step.request_microphone(None)


def report_replaced(step: Step) -> None:
    """Report that a microphone was unplugged and another replaces it."""
    lost = step.call.mic_unplugged_error
    if lost is None:
        return
    step.set(mic_unplugged_error=None, mic_replaced_ms=step.now_ms)
    name = next((device.label for device in step.call.mic_devices if device.id == step.call.mic_device_id), "")
    used = f"“{name}”" if name else "Another one"
    remedy = f"{used} is used in its place. To go back, plug it in again and choose it in the panel."
    step.report(MicdropError(lost.code, lost.message, remedy))


def replacement_error(call: Call, error: MicdropError) -> MicdropError:
    """Return the error of a microphone that failed to open, together with that of the one it was to replace."""
    lost = call.mic_unplugged_error
    return error if lost is None else MicdropError(lost.code, f"{lost.message} {error.message}", lost.remedy)
