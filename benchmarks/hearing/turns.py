"""How long after its last word a turn is over, in whole calls, and whether an unfinished one is held.

The calls go as fast as they can: a delay is what was heard since the last word, and the time of one core that the
prediction took.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from statistics import median

import numpy as np

from micdrop_widget import MicdropClient, MicdropServer, SileroVAD, SmartTurn
from micdrop_widget.audio import SAMPLE_RATE, Pcm, samples_to_ms
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from tests.paths import TESTS

__all__ = ["SETTINGS", "Said", "TurnTrial", "cut_sentences", "finished_sentences", "probabilities", "turn_trials"]

_TURN = TESTS / "turn"
_LEAD_SAMPLES = SAMPLE_RATE
_TAIL_SAMPLES = 3 * SAMPLE_RATE
"""Silence at the end: shorter than the four seconds that a turn is held, and longer than every closing delay."""
_PAUSE_SAMPLES = 6400
_CUT_SHARE = 0.6

SETTINGS: dict[str, tuple[float, bool]] = {
    "640 ms": (640, False),
    "256 ms": (256, False),
    "256 ms, SmartTurn": (256, True),
    "192 ms, SmartTurn": (192, True),
}
"""`min_silence_ms` of Silero, and whether Smart Turn is asked."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said in one turn, from the first sample to the end of the last word."""

    voice: str
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class TurnTrial:
    """One setting on all sentences of one kind."""

    setting: str
    voice: str
    finished: bool
    closing_ms: tuple[float, ...]
    """From the end of the last word to StopSpeaking, one a sentence that was not held."""
    held: int
    """Sentences whose turn was still open when the recording ended, 3 s after the last word."""
    splits: int
    """Turns beyond the first within one sentence."""

    @property
    def median_ms(self) -> float:
        """The median over all sentences, those held included; infinite when it is one of them."""
        return median([*self.closing_ms, *[inf] * self.held])


class _TimedSmartTurn(SmartTurn):
    """Notes how long the latest prediction took."""

    took_ms = 0.0

    def predict(self) -> float:
        began = time.thread_time()  # of one core, which it has for itself: what else the machine does is not counted
        predicted = super().predict()
        self.took_ms = 1000 * (time.thread_time() - began)
        return predicted


def finished_sentences() -> list[Said]:
    """Return ten sentences that flite speaks, and five that a person reads."""
    flite = [Said("flite", as_pcm(path)) for path in sorted((_TURN / "spoken").glob("*.wav"))]
    return flite + [Said("a reader", pcm[: words[-1][2]]) for pcm, words in _read()]


def cut_sentences() -> list[Said]:
    """Return the same, cut after 60 %: those of the reader at the end of a word."""
    cut = [Said(said.voice, said.pcm[: int(len(said.pcm) * _CUT_SHARE)]) for said in finished_sentences()[:10]]
    for pcm, words in _read():
        ends = np.array([end for _, _, end in words])
        nearest = ends[np.abs(ends - _CUT_SHARE * ends[-1]).argmin()]
        cut.append(Said("a reader", pcm[:nearest]))
    return cut


def _read() -> Iterator[tuple[Pcm, list[tuple[str, int, int]]]]:
    for name, sentence in json.loads((_TURN / "read" / "words.json").read_text()).items():
        yield as_pcm(_TURN / "read" / name), [tuple(word) for word in sentence["words"]]


def probabilities(said: list[Said]) -> list[float]:
    """Return what Smart Turn says of each, with a pause behind it."""
    detector = SmartTurn()
    detector.load()
    found = []
    for one in said:
        detector.reset()
        detector.push(np.concatenate([one.pcm, np.zeros(_PAUSE_SAMPLES, dtype=np.int16)]))
        found.append(detector.predict())
    return found


def turn_trials(quick: bool) -> Iterator[TurnTrial]:
    """Yield the trials; quick: one sentence of each kind and the last setting alone."""
    detector = _TimedSmartTurn()
    detector.load()
    for setting in list(SETTINGS)[-1:] if quick else SETTINGS:
        min_silence_ms, asks = SETTINGS[setting]
        for finished, sentences in ((True, finished_sentences()), (False, cut_sentences())):
            for voice in ("flite", "a reader"):
                said = [one.pcm for one in sentences if one.voice == voice][: 1 if quick else None]
                ends = asyncio.run(_hold_calls(said, min_silence_ms, detector if asks else None))
                closing = tuple(delay for delay, _ in ends if delay < samples_to_ms(_TAIL_SAMPLES))
                yield TurnTrial(
                    setting, voice, finished, closing, len(ends) - len(closing), sum(turns - 1 for _, turns in ends)
                )


async def _hold_calls(
    said: list[Pcm], min_silence_ms: float, detector: _TimedSmartTurn | None
) -> list[tuple[float, int]]:
    """Say each sentence in a call of its own; return its closing delay and its number of turns."""
    async with MicdropServer() as server:
        return [await _hold_call(server.url, pcm, min_silence_ms, detector) for pcm in said]


async def _hold_call(url: str, pcm: Pcm, min_silence_ms: float, detector: _TimedSmartTurn | None) -> tuple[float, int]:
    silence = np.zeros(_TAIL_SAMPLES, dtype=np.int16)
    source = ArraySource(np.concatenate([silence[:_LEAD_SAMPLES], pcm, silence]), pace="fast")
    vad = SileroVAD(min_silence_ms=min_silence_ms)
    sink = VirtualSpeaker(pace="fast")
    async with MicdropClient(url, source=source, sink=sink, vad=vad, turn_detector=detector, record=False) as call:
        await call.start()
        await call.until(isMicStarted=False, timeout=60)
    end = call.turns[-1].end_sample
    assert end is not None
    heard_ms = samples_to_ms(end - _LEAD_SAMPLES - len(pcm))
    return heard_ms + (detector.took_ms if detector is not None else 0), len(call.turns)
