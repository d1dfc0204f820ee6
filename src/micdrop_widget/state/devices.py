"""What the call machine does when microphones and loudspeakers are chosen, plugged in and unplugged."""

from __future__ import annotations

from micdrop_widget.errors import MicdropError
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import SelectSpeaker, Warn
from micdrop_widget.state.snapshot import Call
from micdrop_widget.state.step import Step

__all__ = [
    "change_microphone",
    "change_speaker",
    "list_devices",
    "move_microphone",
    "not_replaced",
    "rejoin_microphone",
    "remember_microphone",
    "reopen_microphone",
    "replace_microphone",
    "speaker_failed",
    "tell_replaced",
]

_REPLACE_AGAIN_MS = 2000
"""A replacement that ends sooner than this is not replaced itself: something else is wrong, and would go on."""


def remember_microphone(step: Step, change: inputs.ChangeMicDevice) -> None:
    """Use it when a microphone is opened next."""
    step.set(mic_device_id=change.device_id, chosen_mic_id=change.device_id)


def change_microphone(step: Step, change: inputs.ChangeMicDevice) -> None:
    """Ask for it in place of the one that is open; mute and pause stay as they are."""
    step.request_microphone(change.device_id)


def reopen_microphone(step: Step, _: inputs.HearingChanged) -> None:
    """Ask for the same one again: it is opened with the detectors and the processing that are wanted now."""
    step.request_microphone(step.call.chosen_mic_id)


def move_microphone(step: Step, _: inputs.MicrophoneMoved) -> None:
    """Ask for one again: the page that is asked now is another one, and remembers the microphone chosen there."""
    step.request_microphone(None)


def rejoin_microphone(step: Step, moved: inputs.MicrophoneMoved) -> None:
    """Give a call that has lost its microphone another one."""
    step.set(error=None)
    move_microphone(step, moved)


def list_devices(step: Step, listed: inputs.DevicesListed) -> None:
    """Note which there are. A microphone that was chosen and is gone is not asked for any more."""
    step.set(mic_devices=listed.mic_devices, speaker_devices=listed.speaker_devices)
    chosen = step.call.chosen_mic_id
    if chosen is not None and all(device.id != chosen for device in listed.mic_devices):
        step.set(chosen_mic_id=None)


# A microphone that was unplugged


def replace_microphone(step: Step, ended: inputs.MicrophoneEnded) -> None:
    """Ask for any other microphone in its place; mute and pause stay as they are."""
    assert ended.error is not None, "who says that a microphone was unplugged says so in words"
    step.set(mic_device_id=None)
    if step.now_ms - step.call.replaced_ms < _REPLACE_AGAIN_MS:
        step.release_microphone()
        step.set(chosen_mic_id=None)
        step.report(ended.error)
        return
    step.set(mic_lost=ended.error)
    step.request_microphone(None)


def tell_replaced(step: Step) -> None:
    """Report that a microphone was unplugged, now that another is in its place."""
    lost = step.call.mic_lost
    if lost is None:
        return
    step.set(mic_lost=None, replaced_ms=step.now_ms)
    name = next((device.label for device in step.call.mic_devices if device.id == step.call.mic_device_id), "")
    used = f"“{name}”" if name else "Another one"
    remedy = f"{used} is used in its place. To go back, plug it in again and choose it in the panel."
    step.report(MicdropError(lost.code, lost.message, remedy))


def not_replaced(call: Call, error: MicdropError) -> MicdropError:
    """Return the error for a microphone that cannot be opened; if it was to replace one, about that as well."""
    lost = call.mic_lost
    return error if lost is None else MicdropError(lost.code, f"{lost.message} {error.message}", lost.remedy)


# The loudspeaker


def change_speaker(step: Step, change: inputs.ChangeSpeakerDevice) -> None:
    """Play on it from now on."""
    step.set(speaker_device_id=change.device_id)
    step.add(SelectSpeaker(change.device_id))


def speaker_failed(step: Step, failed: inputs.SpeakerFailed) -> None:
    """Note that the usual loudspeaker plays."""
    step.set(speaker_device_id=None)
    step.add(Warn(f"the loudspeaker {failed.device_id!r} cannot be used ({failed.detail}); the usual one plays"))
