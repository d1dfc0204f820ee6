"""Microphones and loudspeakers, as they are listed and as they were opened."""

from __future__ import annotations

from dataclasses import dataclass

from micdrop_widget.audio import SAMPLE_RATE

__all__ = ["Device", "Microphone"]


@dataclass(frozen=True, slots=True)
class Device:
    """A microphone or speaker, as the browser lists it."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Microphone:
    """What was opened, and what was really applied to it."""

    device_id: str | None = None
    label: str = ""
    """What the browser calls the device."""
    sample_rate: int = SAMPLE_RATE
    """Rate in Hz at which it is captured; the call hears 16 kHz whatever it is."""
    echo_cancellation: bool = True
    """False switches disabled interruption on: the assistant would hear itself."""
    noise_suppression: bool | None = None
    """None where nobody says."""
    auto_gain_control: bool | None = None
    """None where nobody says."""
    mic_devices: tuple[Device, ...] = ()
    speaker_devices: tuple[Device, ...] = ()
