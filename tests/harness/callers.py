"""What a test needs to hold a call: a microphone that is spoken into, a detector without a model, and an ear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from micdrop_widget import MicdropClient, MicdropError, MicdropState
from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.call.sources import Gap
from micdrop_widget.devices import Microphone
from micdrop_widget.protocol import EventName
from micdrop_widget.vad import VAD, Status

__all__ = ["Events", "LoudVAD", "Mic", "loud", "quiet", "ready_client", "turns_over", "utterances"]


class LoudVAD(VAD):
    """Speech is what is loud: sure at the first loud window, silent after two quiet ones. One window of pre-roll."""

    pre_roll_ms = 32.0

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._quiet = 0
        self._status = Status.SILENCE

    def update(self, window: NDArray[np.float32]) -> Status:
        if float(np.abs(window).max()) > 0.1:
            self._quiet = 0
            self._status = Status.SPEAKING
        else:
            self._quiet += 1
            if self._quiet >= 2:
                self._status = Status.SILENCE
        return self._status


def loud(frames: int) -> Pcm:
    """Return speech, every sample of it unlike its neighbours, so that a missing one shows."""
    return (8000 + np.arange(frames * FRAME_SAMPLES) % 20_000).astype(np.int16)


def quiet(frames: int) -> Pcm:
    """Return silence."""
    return np.zeros(frames * FRAME_SAMPLES, dtype=np.int16)


def turns_over(frames: int) -> Pcm:
    """Return speech and the silence that ends it."""
    return np.concatenate([loud(frames), quiet(2)])


class Mic:
    """A live microphone: gives what the test says, when it says it."""

    live = True

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.echo_cancellation = True
        self._spoken: asyncio.Queue[Pcm | Gap | Exception | None] = asyncio.Queue()

    def say(self, pcm: Pcm) -> None:
        """Capture these samples."""
        self._spoken.put_nowait(pcm)

    @property
    def is_empty(self) -> bool:
        """Whether all that was said has been captured."""
        return self._spoken.empty()

    def lose(self, samples: int) -> None:
        """Capture samples that never arrive."""
        self._spoken.put_nowait(Gap(samples))

    def end(self, error: Exception | None = None) -> None:
        """Run out, or fail."""
        self._spoken.put_nowait(error)

    async def open(self, device_id: str | None) -> Microphone:
        self.opened += 1
        return Microphone(device_id, echo_cancellation=self.echo_cancellation)

    async def frames(self) -> AsyncIterator[Pcm | Gap]:
        while (pcm := await self._spoken.get()) is not None:
            if isinstance(pcm, Exception):
                raise pcm
            yield pcm

    async def close(self) -> None:
        self.closed += 1
        self._spoken = asyncio.Queue()


class Events:
    """Everything that a client tells its handlers, in order: the name and the arguments."""

    def __init__(self, call: MicdropClient) -> None:
        self.all: list[tuple[str, tuple[Any, ...]]] = []
        for event in get_args(EventName):
            if event != "Levels":  # which nobody is to pay for unless it is wanted
                call.on(event, self._noting(event))

    def _noting(self, event: str) -> Any:
        return lambda *arguments: self.all.append((event, arguments))

    def of(self, event: EventName) -> list[tuple[Any, ...]]:
        """Return the arguments of each event of this name."""
        return [arguments for name, arguments in self.all if name == event]

    @property
    def errors(self) -> list[MicdropError]:
        """Every error told."""
        return [error for (error,) in self.of("Error")]

    @property
    def states(self) -> list[MicdropState]:
        """Every state told, after checking that each follows from the one before and differs from it."""
        changes = self.of("StateChange")
        for (state, previous), (following, before) in pairwise(changes):
            assert before == state
            assert following != before
            assert state != previous
        return [state for state, _ in changes]

    def course(self, field: str) -> list[Any]:
        """Return the values that a field of the state went through."""
        values: list[Any] = []
        for state in self.states:
            value = getattr(state, field)
            if not values or values[-1] != value:
                values.append(value)
        return values


def ready_client(url: str | None, **options: Any) -> tuple[MicdropClient, Mic, Events]:
    """Return a client that does not know models, its microphone, and what it tells."""
    mic = options.pop("source", None) or Mic()
    call = MicdropClient(url, source=mic, **{"vad": LoudVAD(), **options})
    return call, mic, Events(call)


def utterances(frames: list[str | bytes]) -> list[bytes]:
    """Return the audio of each utterance, after checking that nothing but well-formed utterances was sent."""
    heard: list[bytes] = []
    speaking = False
    for frame in frames:
        if isinstance(frame, bytes):
            assert speaking, "audio outside of an utterance"
            assert len(frame) >= 16, "the server would take this for a command"
            assert len(frame) % 2 == 0
            heard[-1] += frame
        elif frame == "StartSpeaking":
            assert not speaking, "StartSpeaking twice"
            speaking = True
            heard.append(b"")
        else:
            assert frame == "StopSpeaking", frame
            assert speaking, "StopSpeaking without StartSpeaking"
            speaking = False
    assert not speaking, "an utterance is left open"
    return heard
