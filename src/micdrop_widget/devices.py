"""Microphones and loudspeakers, as they are listed and as they were opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from micdrop_widget.audio import SAMPLE_RATE

__all__ = ["Device", "DeviceKind", "Microphone"]

DeviceKind: TypeAlias = Literal["audioinput", "audiooutput"]
"""A microphone or a loudspeaker, as Web Audio and Micdrop call them."""


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone or speaker, as the browser lists it."""

    id: str
    label: str
    kind: DeviceKind | None = None
    """None where it is not known."""


@dataclass(frozen=True, slots=True)
class Microphone:
    """A microphone that was opened, and the processing that was really applied to it."""

    device_id: str | None = None
    label: str = ""
    """The browser's name of the device."""
    sample_rate: int = SAMPLE_RATE
    """Rate in Hz at which it is captured; the call gets 16 kHz whatever it is."""
    echo_cancellation: bool = True
    """False disables interruption: the assistant's own echo would interrupt it."""
    noise_suppression: bool | None = None
    """None where nobody says."""
    auto_gain_control: bool | None = None
    """None where nobody says."""
    is_silent: bool = False
    """It has given nothing but exact zeros for three seconds: switched off at the headset, or the wrong one."""
    mic_devices: tuple[Device, ...] = ()
    speaker_devices: tuple[Device, ...] = ()
