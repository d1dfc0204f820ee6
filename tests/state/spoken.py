"""Speech events and answers whose samples can be told apart: every sample of a test is a number of its own."""

from __future__ import annotations

import numpy as np

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from tests.state.world import World

ENDED = SpeechEnded(9000)


def ramp(start: int, samples: int) -> Pcm:
    """Return the samples start, start + 1 and so on."""
    return np.arange(start, start + samples, dtype=np.int64).astype(np.int16)


def confirmed(samples: int = 1000) -> SpeechConfirmed:
    """Return confirmed speech, the samples 0, 1 and so on."""
    return SpeechConfirmed(samples, 0, ramp(0, samples))


def continued(start: int = 1000, samples: int = 512) -> SpeechContinued:
    return SpeechContinued(ramp(start, samples))


def audio(samples: int = 1600, start: int = 0) -> wire.Audio:
    return wire.Audio(pcm_to_bytes(ramp(start, samples)))


def says(content: str, role: str = "assistant") -> wire.Message:
    return wire.Message(wire.TextMessage(role, content))  # type: ignore[arg-type]


def listening(*, disable_interruption: bool = False) -> World:
    """Return a call that is ready and has nothing to answer, at 1000 ms, with nothing in its records."""
    world = World(now_ms=1000).start(disable_interruption=disable_interruption).ready()
    assert world.state.isListening
    return world


def answered(*, disable_interruption: bool = False) -> World:
    """Return a call in which an answer is being heard, its first sample at least."""
    world = listening(disable_interruption=disable_interruption).receive(audio(1600)).heard(1)
    assert world.state.isAssistantSpeaking
    return world
