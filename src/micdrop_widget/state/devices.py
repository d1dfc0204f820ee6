"""What the call machine does when another microphone or loudspeaker is chosen."""

from __future__ import annotations

from micdrop_widget.state import inputs as i
from micdrop_widget.state.effects import SelectSpeaker, Warn
from micdrop_widget.state.step import Step

__all__ = [
    "change_microphone",
    "change_speaker",
    "move_microphone",
    "remember_microphone",
    "reopen_microphone",
    "speaker_failed",
]


def remember_microphone(step: Step, change: i.ChangeMicDevice) -> None:
    """Use it when a microphone is opened next."""
    step.set(mic_device_id=change.device_id)


def change_microphone(step: Step, change: i.ChangeMicDevice) -> None:
    """Ask for it in place of the one that is open; mute and pause stay as they are."""
    step.request_microphone(change.device_id)


def reopen_microphone(step: Step, _: i.HearingChanged) -> None:
    """Ask for the same one again: it is opened with the detectors and the processing that are wanted now."""
    step.request_microphone(step.call.mic_device_id)


def move_microphone(step: Step, _: i.MicrophoneMoved) -> None:
    """Ask for it again: the page that is asked now is another one."""
    step.request_microphone(step.call.mic_device_id)


def change_speaker(step: Step, change: i.ChangeSpeakerDevice) -> None:
    """Play on it from now on."""
    step.set(speaker_device_id=change.device_id)
    step.add(SelectSpeaker(change.device_id))


def speaker_failed(step: Step, failed: i.SpeakerFailed) -> None:
    """Note that the usual loudspeaker plays."""
    step.set(speaker_device_id=None)
    step.add(Warn(f"the loudspeaker {failed.device_id!r} cannot be used ({failed.detail}); the usual one plays"))
