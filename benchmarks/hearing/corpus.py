"""The sounds: sentences that espeak-ng speaks, alone and in pink noise, and sounds without speech.

Everything is made anew from fixed seeds, the same with the same version of espeak-ng.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm, float_to_pcm, pcm_to_float
from micdrop_widget.audio_input import as_pcm

__all__ = [
    "PAUSES_MS",
    "SNRS_DB",
    "Sound",
    "hesitations",
    "sentences",
    "short_words",
    "sounds_without_speech",
    "speech_in_noise",
]

SNRS_DB = (None, 20, 10, 5)
"""Pink noise under the speech; None is none."""

SENTENCES = (
    ("en-us", 160, "Please tell me what the weather is like today."),
    ("en-us+f3", 140, "Well, I think, to be honest, that we should ask her first."),
    ("en-gb+m3", 180, "Could you book a table for two, on Friday evening?"),
    ("en-gb-scotland+f2", 120, "Seven yellow umbrellas."),
    ("en-us+m7", 200, "Stop, that is not what I meant at all."),
    ("en-us+f4", 160, "Yes."),
    ("en-us+m2", 150, "No, thanks."),
    ("fr-fr+f1", 150, "Bonjour, je voudrais un café, s'il vous plaît."),
    ("fr-fr+m1", 175, "Est-ce que le train de midi est déjà parti ?"),
    ("de+m4", 160, "Guten Tag, ich hätte gern ein Zimmer mit Bad."),
    ("es+f2", 170, "¿Dónde está la biblioteca?"),
    ("it+m1", 150, "Buongiorno, vorrei sapere a che ora apre il museo."),
)
"""Voice, words a minute, text: twelve, of five languages."""

SHORT_WORDS = tuple(
    (voice, 240, text)
    for voice in ("en-us", "en-us+f3", "en-gb+m3", "fr-fr+f1")
    for text in (("Oui.", "Non.", "Stop.") if voice.startswith("fr") else ("Yes.", "No.", "Go."))
)
"""Single words spoken fast: what a longer `min_speech_ms` loses."""

PAUSES_MS = (200, 300, 400, 500, 600, 700)
"""Hesitations within a sentence: what a shorter `min_silence_ms` takes for its end."""

_SPEECH_DBFS = -26.0
"""Level of the speech itself, its pauses left out."""
_FRAME = 160
_LEAD_S = 2.0
_TAIL_S = 3.0
_EDGE_DBFS = -50.0
"""Speech reaches from the first to the last 10 ms frame above this level, as in the fixtures of the tests."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording, and where speech is in it: `(start_sample, end_sample)` of each stretch."""

    pcm: Pcm
    labels: tuple[tuple[int, int], ...]


def sentences() -> list[Sound]:
    """Return the sentences, each alone: 2 s of silence in front, 3 s behind, at any place in the window grid."""
    return _padded([_spoken(*each) for each in SENTENCES])


def short_words() -> list[Sound]:
    """Return single words, each alone in the same way."""
    return _padded([_spoken(*each) for each in SHORT_WORDS])


def hesitations(pause_ms: int) -> list[Sound]:
    """Return pairs of sentences of the same kind with a pause of exact silence between them, one stretch each."""
    pause = np.zeros(pause_ms * SAMPLE_RATE // 1000)
    spoken = [_spoken(*each) for each in SENTENCES]
    return _padded([np.concatenate([one, pause, two]) for one, two in zip(spoken[::2], spoken[1::2], strict=True)])


def speech_in_noise(clean: list[Sound], snr_db: float | None) -> list[Sound]:
    """Return the sentences in pink noise so many dB under the speech."""
    if snr_db is None:
        return clean
    return [_in_noise(sound, snr_db, seed) for seed, sound in enumerate(clean)]


def sounds_without_speech() -> Iterator[tuple[str, list[Sound]]]:
    """Yield the name and the sounds of each kind: a minute in six parts."""
    for dbfs in (-40, -25):
        yield f"pink noise, {dbfs} dBFS", [_alone(_pink(10 * SAMPLE_RATE, dbfs, seed)) for seed in range(6)]
    yield "keyboard clicks", [_alone(_clicks(10.0, seed)) for seed in range(6)]
    yield "music chords", [_alone(_chords(10.0, seed)) for seed in range(6)]


def _spoken(voice: str, words_per_minute: int, text: str) -> NDArray[np.float64]:
    """Return what espeak-ng says, from the first to the last loud frame, at the level of all speech here."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-z", "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True)
        samples = pcm_to_float(as_pcm(path)).astype(np.float64)
    samples = samples[: len(samples) // _FRAME * _FRAME]
    power = np.mean(samples.reshape(-1, _FRAME) ** 2, axis=1)
    gain = 10 ** (_SPEECH_DBFS / 10) / power[power > power.max() * 1e-3].mean()
    loud = np.flatnonzero(power * gain > 10 ** (_EDGE_DBFS / 10))
    return np.asarray(samples[int(loud[0]) * _FRAME : (int(loud[-1]) + 1) * _FRAME] * np.sqrt(gain))


def _padded(spoken: list[NDArray[np.float64]]) -> list[Sound]:
    chance = np.random.default_rng(1)
    sounds = []
    for speech in spoken:
        start = int(_LEAD_S * SAMPLE_RATE) + int(chance.integers(512))
        whole = np.zeros(start + len(speech) + int(_TAIL_S * SAMPLE_RATE))
        whole[start : start + len(speech)] = speech
        sounds.append(Sound(float_to_pcm(whole), ((start, start + len(speech)),)))
    return sounds


def _in_noise(sound: Sound, snr_db: float, seed: int) -> Sound:
    noise = _pink(len(sound.pcm), _SPEECH_DBFS - snr_db, 100 + seed)
    return Sound(float_to_pcm(pcm_to_float(sound.pcm) + noise), sound.labels)


def _alone(samples: NDArray[np.float64]) -> Sound:
    return Sound(float_to_pcm(samples), ())


def _pink(samples: int, dbfs: float, seed: int) -> NDArray[np.float64]:
    """Return noise whose power falls by 3 dB an octave, from 20 Hz on, of this level in dBFS rms."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    spectrum *= np.where(hertz < 20, 0, 1 / np.sqrt(np.maximum(hertz, 20)))
    noise = np.fft.irfft(spectrum, samples)
    return np.asarray(noise * 10 ** (dbfs / 20) / np.sqrt(np.mean(noise**2)))


def _clicks(duration_s: float, seed: int) -> NDArray[np.float64]:
    """Return typing: some six keys a second, each a press and a softer release of 5 ms, peaks at -20 to -10 dBFS."""
    chance = np.random.default_rng(200 + seed)
    samples = np.zeros(int(duration_s * SAMPLE_RATE))
    decay = np.exp(-np.arange(400) / 80)
    at = 0.2
    while at < duration_s - 0.3:
        peak = 10 ** (chance.uniform(-20, -10) / 20)
        for delay_s, gain in ((0.0, 1.0), (chance.uniform(0.06, 0.12), 0.4)):
            start = int((at + delay_s) * SAMPLE_RATE)
            click = chance.standard_normal(400) * decay
            samples[start : start + 400] += gain * peak * click / np.abs(click).max()
        at += chance.uniform(0.08, 0.25)
    return samples


def _chords(duration_s: float, seed: int) -> NDArray[np.float64]:
    """Return music: plucked chords of three notes with eight harmonics each, one every 0.6 s, -26 dBFS rms."""
    chance = np.random.default_rng(300 + seed)
    samples = np.zeros(int(duration_s * SAMPLE_RATE))
    times_s = np.arange(int(1.2 * SAMPLE_RATE)) / SAMPLE_RATE
    for beat in np.arange(0, duration_s - 1.2, 0.6):
        root_hz = 110 * 2 ** (int(chance.integers(0, 24)) / 12)
        for step in (0, 4 if chance.random() < 0.5 else 3, 7):
            note_hz = root_hz * 2 ** (step / 12)
            tone = sum(np.sin(2 * np.pi * note_hz * n * times_s) / n for n in range(1, 9) if note_hz * n < 7000)
            start = int(beat * SAMPLE_RATE)
            samples[start : start + len(times_s)] += tone * np.exp(-times_s / 0.35) * np.minimum(times_s / 0.01, 1)
    return np.asarray(samples * 10 ** (-26 / 20) / np.sqrt(np.mean(samples**2)))
