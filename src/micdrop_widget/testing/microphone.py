"""A microphone that is a program: it captures silence, and what a test lets it say."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import numpy as np

from micdrop_widget.audio import FRAME_SAMPLES, Pcm, samples_to_ms
from micdrop_widget.audio_input import AudioInput, as_pcm
from micdrop_widget.call.sources import Gap
from micdrop_widget.devices import Microphone

__all__ = ["ScriptedMicrophone"]


class ScriptedMicrophone:
    """A live microphone for tests: give it to `MicdropClient(source=…)`, and let it say something during the call.

    It captures a frame of 32 ms each 32 ms of the event loop's clock, which may be a virtual one.

    Parameters
    ----------
    noise_dbfs
        Level (rms) of the noise of the room; None is digital silence, as of a microphone that is switched off.
    seed
        The seed of the noise.
    """

    live = True

    def __init__(self, *, noise_dbfs: float | None = -75.0, seed: int = 0) -> None:
        self._noise_rms = 0.0 if noise_dbfs is None else 32768 * 10 ** (noise_dbfs / 20)
        self._random = np.random.default_rng(seed)
        self._script: deque[tuple[Pcm | Gap, asyncio.Future[None]]] = deque()
        self._error: Exception | None = None
        self._is_open = False

    def say(self, audio: AudioInput, sample_rate: float = 16_000) -> asyncio.Future[None]:
        """Say something, behind what was said before. Awaiting it returns when all of it was captured.

        Parameters
        ----------
        audio, sample_rate
            Samples, or an audio file; see `MicdropClient`'s `source`.
        """
        return self._add(as_pcm(audio, sample_rate))

    def lose(self, samples: int) -> asyncio.Future[None]:
        """Capture samples that never arrive, as behind a line that is too slow."""
        return self._add(Gap(samples))

    def fail(self, error: Exception) -> None:
        """Break with the next frame; an `UnpluggedError` is a device that was unplugged."""
        self._error = error

    def _add(self, captured: Pcm | Gap) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._script.append((captured, done))
        return done

    @property
    def is_open(self) -> bool:
        """Whether a call captures from it."""
        return self._is_open

    async def open(self, device_id: str | None) -> Microphone:
        """Begin to capture."""
        self._is_open = True
        return Microphone(device_id)

    async def frames(self) -> AsyncIterator[Pcm | Gap]:
        """Yield what is captured, in the loop's time, until it fails."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while self._error is None:
            captured = self._next()
            samples = captured.samples if isinstance(captured, Gap) else len(captured)
            due_s += samples_to_ms(samples) / 1000
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            yield captured
        error, self._error = self._error, None
        raise error

    async def close(self) -> None:
        """Stop capturing."""
        self._is_open = False

    def _next(self) -> Pcm | Gap:
        """Return the next frame, or a gap."""
        frame = self._silence()
        filled = 0
        while self._script and filled < FRAME_SAMPLES:
            captured, done = self._script[0]
            if isinstance(captured, Gap):
                if filled:
                    break
                self._finish(done)
                return captured
            part, rest = captured[: FRAME_SAMPLES - filled], captured[FRAME_SAMPLES - filled :]
            frame[filled : filled + len(part)] = part
            filled += len(part)
            self._script[0] = rest, done
            if not len(rest):
                self._finish(done)
        return frame

    def _silence(self) -> Pcm:
        return np.rint(self._random.normal(0, self._noise_rms, FRAME_SAMPLES)).astype(np.int16)

    def _finish(self, done: asyncio.Future[None]) -> None:
        self._script.popleft()
        if not done.done():
            done.set_result(None)
