"""What each detector makes of each kind of sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.hearing import corpus
from benchmarks.hearing.corpus import Sound
from micdrop_widget import detect_speech
from micdrop_widget.analysis.tuning import Outcome, score_against_labels
from micdrop_widget.audio import samples_to_ms
from micdrop_widget.vad import VadOption

__all__ = ["DETECTORS", "Trial", "trials"]

DETECTORS: dict[str, VadOption] = {"volume": "volume", "silero": "silero", "both": ("volume", "silero")}


@dataclass(frozen=True, slots=True)
class Trial:
    """One detector, with its defaults, on all sounds of one kind."""

    detector: str
    kind: str
    has_speech: bool
    outcomes: tuple[Outcome, ...]
    never_closed: int
    """Recordings that ended within an utterance, 3 s or more after the last speech in them."""

    def total(self, field: str) -> int:
        """Return the sum of a field of the outcomes."""
        return sum(getattr(outcome, field) for outcome in self.outcomes)

    @property
    def detected(self) -> int:
        """Stretches of speech that some utterance holds a sample of."""
        return self.total("speech") - self.total("missed")

    @property
    def cut_samples(self) -> int:
        """Samples of detected speech that no utterance holds."""
        return sum(self.total(f"{where}_cut_samples") for where in ("head", "tail", "inner"))

    @property
    def opened_early(self) -> int:
        """Stretches whose utterance was confirmed before they began: noise opened it."""
        return sum(delay < 0 for outcome in self.outcomes for delay in outcome.onset_delays)

    @property
    def onset_ms(self) -> list[float]:
        """From the start of speech to its confirmation."""
        return [samples_to_ms(delay) for outcome in self.outcomes for delay in outcome.onset_delays]

    @property
    def closing_ms(self) -> list[float]:
        """From the end of speech to the end of its utterance."""
        return [samples_to_ms(delay) for outcome in self.outcomes for delay in outcome.closing_delays]


def trials(quick: bool) -> Iterator[Trial]:
    """Yield the trials, kind by kind; quick: with two recordings of each kind."""
    sentences = corpus.sentences()
    for snr_db in corpus.SNRS_DB:
        kind = "sentences, clean" if snr_db is None else f"sentences, {snr_db} dB SNR"
        yield from _kind(kind, corpus.speech_in_noise(sentences, snr_db), quick)
    yield from _kind("short words, clean", corpus.short_words(), quick)
    yield from _kind("short words, 10 dB SNR", corpus.speech_in_noise(corpus.short_words(), 10), quick)
    for kind, sounds in corpus.sounds_without_speech():
        yield from _kind(kind, sounds, quick)


def _kind(kind: str, sounds: Sequence[Sound], quick: bool) -> Iterator[Trial]:
    chosen = sounds[:2] if quick else sounds
    for detector, vad in DETECTORS.items():
        found = [detect_speech(sound.pcm, vad=vad).segments for sound in chosen]
        outcomes = tuple(
            score_against_labels(segments, sound.labels) for segments, sound in zip(found, chosen, strict=True)
        )
        open_ended = sum(not segments[-1].ended_by_silence for segments in found if segments)
        yield Trial(detector, kind, bool(chosen[0].labels), outcomes, open_ended)
