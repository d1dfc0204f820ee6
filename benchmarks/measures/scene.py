"""A call of which everything is known: when who spoke, what was sent when, what was heard when."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from micdrop_widget import MicdropClient, MicdropServer, Microphone, Turn
from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from micdrop_widget.call.sinks import HeardReport
from micdrop_widget.server import ServerCall
from micdrop_widget.vad import VadOption

__all__ = [
    "Answer",
    "Heard",
    "Loudspeaker",
    "Said",
    "Scene",
    "ScriptedMicrophone",
    "Sound",
    "clean_span",
    "hold",
    "said",
]

_FRAME = 160
_BELOW_LOUDEST_DB = 30
_REPORT_S = 0.1
_FIRST_REPORT_S = 0.01


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound without noise, and where it is voiced."""

    pcm: Pcm
    first: int
    end: int

    @classmethod
    def of(cls, pcm: Pcm) -> Sound:
        """Return a sound with what its samples say of it."""
        return cls(pcm, *clean_span(pcm))


def clean_span(pcm: Pcm) -> tuple[int, int]:
    """Return where a sound without noise is voiced, from and to: frames within 30 dB of the loudest."""
    frames = pcm[: len(pcm) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(float)
    power = ((frames - frames.mean(axis=1, keepdims=True)) ** 2).mean(axis=1)
    voiced = np.flatnonzero(power >= power.max() * 10 ** (-_BELOW_LOUDEST_DB / 10))
    return int(voiced[0]) * _FRAME, (int(voiced[-1]) + 1) * _FRAME


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the user said: samples of the microphone at which it is voiced."""

    first: int
    end: int


def said(sounds: list[Sound], gap_s: float, snr_db: float | None, seed: int) -> tuple[Pcm, list[Said]]:
    """Return sounds with gaps around them, in white noise that is softer than each by so much, and where they are."""
    chance = np.random.default_rng(seed)
    pieces: list[Pcm] = []
    places: list[Said] = []
    position = 0
    for sound in sounds:
        before = round(gap_s * SAMPLE_RATE) + int(chance.integers(0, FRAME_SAMPLES))
        piece: NDArray[np.float64] = np.concatenate((np.zeros(before), sound.pcm, np.zeros(round(gap_s * SAMPLE_RATE))))
        if snr_db is not None:
            speech = sound.pcm[sound.first : sound.end].astype(float)
            piece += chance.normal(0, np.sqrt(np.mean(speech**2)) / 10 ** (snr_db / 20), len(piece))
        pieces.append(np.clip(np.round(piece), -32768, 32767).astype(np.int16))
        places.append(Said(position + before + sound.first, position + before + sound.end))
        position += len(piece)
    return np.concatenate(pieces), places


class ScriptedMicrophone:
    """Gives samples at the rate of the loop's clock, and remembers when it began.

    Parameters
    ----------
    pcm
        What it captures.
    stops_at, stops_for_s
        A number of samples after which it gives nothing for a while.
    held_up_s
        From when to when nothing arrives; then all that was captured meanwhile comes at once.
    """

    live = True

    def __init__(
        self,
        pcm: Pcm,
        *,
        stops_at: int | None = None,
        stops_for_s: float = 0.0,
        held_up_s: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.pcm = pcm
        self.began_s = 0.0
        self._stops_at = stops_at
        self._stops_for_s = stops_for_s
        self._held_up_s = held_up_s

    async def open(self, device_id: str | None) -> Microphone:
        """Nothing has to be opened."""
        return Microphone(device_id)

    async def frames(self) -> AsyncIterator[Pcm]:
        """Yield frames of 32 ms, each when its last sample is captured; then nothing more."""
        loop = asyncio.get_running_loop()
        self.began_s = loop.time()
        stopped_s = 0.0
        for end in range(FRAME_SAMPLES, len(self.pcm) + 1, FRAME_SAMPLES):
            if self._stops_at is not None and end > self._stops_at:
                stopped_s = self._stops_for_s
            due_s = stopped_s + end / SAMPLE_RATE
            if self._held_up_s[0] < due_s < self._held_up_s[1]:
                due_s = self._held_up_s[1]
            await asyncio.sleep(self.began_s + due_s - loop.time())
            yield self.pcm[end - FRAME_SAMPLES : end]
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing has to be released."""


class Loudspeaker:
    """Plays an answer that comes in one burst, a known time after its first piece, and remembers when."""

    live = True

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._report: HeardReport = lambda epoch, samples: None
        self._epoch = -1
        self._samples = 0
        self._timer: asyncio.TimerHandle | None = None
        self.began_s: list[float] = []
        """When the first sample of each answer was heard."""
        self.silent_s: list[float] = []
        """When each was cut, or ended."""

    def bind(self, report: HeardReport) -> None:
        """Report to this function."""
        self._report = report

    def play(self, epoch: int, pcm: Pcm) -> None:
        """Play samples behind those before them."""
        if epoch > self._epoch:
            self._epoch, self._samples = epoch, 0
        if not self._samples:
            self.began_s.append(asyncio.get_running_loop().time() + self._delay_s)
            self._set_timer(self._delay_s + _FIRST_REPORT_S)
        self._samples += len(pcm)

    def flush(self, epoch: int) -> None:
        """Be silent at once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.silent_s.append(asyncio.get_running_loop().time())
            self._report(self._epoch, self._heard())
        if epoch > self._epoch:
            self._epoch, self._samples = epoch, 0

    def select(self, device_id: str) -> None:
        """There is no other."""

    def _heard(self) -> int:
        elapsed_s = asyncio.get_running_loop().time() - self.began_s[-1]
        return min(self._samples, max(0, round(elapsed_s * SAMPLE_RATE)))

    def _tick(self) -> None:
        self._timer = None
        heard = self._heard()
        if heard < self._samples:
            self._set_timer(min(_REPORT_S, (self._samples - heard) / SAMPLE_RATE))
        else:
            self.silent_s.append(self.began_s[-1] + self._samples / SAMPLE_RATE)
        self._report(self._epoch, heard)

    def _set_timer(self, delay_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does when a turn is over."""

    delay_s: float
    sound: Sound


@dataclass
class Heard:
    """An answer, from the server to the loudspeaker."""

    answered_ms: float
    """When the server sent its first audio."""
    sound: Sound
    heard_ms: float
    """When its first sample left the loudspeaker."""
    silent_ms: float
    """When it ended, or was cut."""

    @property
    def voiced_ms(self) -> float | None:
        """When its first voiced sound was heard; None when it was cut before."""
        voiced_ms = self.heard_ms + self.sound.first / 16
        return voiced_ms if voiced_ms < self.silent_ms else None


@dataclass
class Scene:
    """A call that was held, and what is known of it; times in milliseconds since `start()`."""

    turns: list[Turn] = field(default_factory=list)
    said: list[tuple[float, float]] = field(default_factory=list)
    """When each thing that the user said was voiced, from and to."""
    stopped: list[float] = field(default_factory=list)
    """When the server was told that a turn is over."""
    answers: dict[int, Heard] = field(default_factory=dict)
    """What was heard, by the number of the turn."""


async def hold(pcm: Pcm, places: list[Said], answers: list[Answer], *, vad: VadOption, playout_s: float) -> Scene:
    """Hold a call on a loop whose clock is virtual: the n-th turn of the user gets the n-th answer."""
    loop = asyncio.get_running_loop()
    scene = Scene()
    sent: dict[int, tuple[float, Sound]] = {}
    began_s = 0.0

    def now_ms() -> float:
        return (loop.time() - began_s) * 1000

    async def answer(call: ServerCall, utterance: Pcm) -> None:
        number = len(scene.stopped)
        scene.stopped.append(now_ms())
        planned = answers[number % len(answers)]
        await asyncio.sleep(planned.delay_s)
        await call.send_message("user", "a question")
        sent[number] = now_ms(), planned.sound
        await call.send_audio(planned.sound.pcm)
        await call.send_message("assistant", "an answer")

    microphone, speaker = ScriptedMicrophone(pcm), Loudspeaker(playout_s)
    async with MicdropServer(answer, greeting=None) as server:
        call = MicdropClient(server.url, source=microphone, sink=speaker, vad=vad, record=False, ping_interval_s=None)
        async with call:
            began_s = loop.time()
            await call.start()
            await asyncio.sleep(microphone.began_s + len(pcm) / SAMPLE_RATE - loop.time())
            await call.stop()
    captured_ms = (microphone.began_s - began_s) * 1000
    scene.turns = [turn for turn in call.turns if turn.kind == "user"]
    scene.said = [(captured_ms + place.first / 16, captured_ms + place.end / 16) for place in places]
    played = [
        ((heard_s - began_s) * 1000, (silent_s - began_s) * 1000)
        for heard_s, silent_s in zip(speaker.began_s, speaker.silent_s, strict=False)
    ]
    for number, (answered_ms, sound) in sent.items():
        later_ms = min((other_ms for other_ms, _ in sent.values() if other_ms > answered_ms), default=math.inf)
        for heard_ms, silent_ms in played:
            if answered_ms < heard_ms < later_ms + playout_s * 1000:
                scene.answers[number] = Heard(answered_ms, sound, heard_ms, silent_ms)
                break
    return scene
