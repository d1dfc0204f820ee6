"""Microphones and loudspeakers are chosen, plugged in and unplugged."""

from __future__ import annotations

from micdrop_widget.state import inputs
from micdrop_widget.state.effects import SelectSpeaker, Warn
from micdrop_widget.state.step import Step

__all__ = [
    "change_microphone",
    "change_speaker",
    "list_devices",
    "move_microphone",
    "rejoin_microphone",
    "remember_microphone",
    "reopen_microphone",
    "report_recording_failed",
    "speaker_failed",
]


def list_devices(step: Step, listed: inputs.DevicesListed) -> None:
    """Note the devices; the choice of a microphone that is gone is forgotten."""
    step.set(mic_devices=listed.mic_devices, speaker_devices=listed.speaker_devices)
    chosen = step.call.chosen_mic_id
    if chosen is not None and all(device.id != chosen for device in listed.mic_devices):
        step.set(chosen_mic_id=None)


def remember_microphone(step: Step, change: inputs.ChangeMicDevice) -> None:
    """Open this microphone the next time."""
    step.set(mic_device_id=change.device_id, chosen_mic_id=change.device_id)


def change_microphone(step: Step, change: inputs.ChangeMicDevice) -> None:
    """Open this microphone in place of the present one; mute and pause stay."""
    step.request_microphone(change.device_id)


def reopen_microphone(step: Step, _: inputs.DetectionChanged) -> None:
    """Open the same microphone again, with the new detectors and processing."""
    step.request_microphone(step.call.chosen_mic_id)


def move_microphone(step: Step, _: inputs.MicrophoneMoved) -> None:
    """Open the microphone on the new page, which remembers the one chosen there."""
    step.request_microphone(None)


def rejoin_microphone(step: Step, moved: inputs.MicrophoneMoved) -> None:
    """Open a microphone for a call that has none."""
    step.set(error=None)
    move_microphone(step, moved)


def change_speaker(step: Step, change: inputs.ChangeSpeakerDevice) -> None:
    """Play on this loudspeaker."""
    step.set(speaker_device_id=change.device_id)
    step.add(SelectSpeaker(change.device_id))


def speaker_failed(step: Step, failed: inputs.SpeakerFailed) -> None:
    """Note that the default loudspeaker plays instead."""
    step.set(speaker_device_id=None)
    step.add(Warn(f"the loudspeaker {failed.device_id!r} cannot be used ({failed.detail}); the usual one plays"))


def report_playback_failed(step: Step, failed: inputs.PlaybackFailed) -> None:
    """Report that an answer was not heard; the call goes on."""
    step.report(failed.error)


# The disk


def report_recording_failed(step: Step, failed: inputs.RecordingFailed) -> None:
    """Report that the file of the recording has ended; the call goes on."""
    step.report(failed.error)
