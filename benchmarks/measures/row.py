"""Row `measures`: how far the latencies of turns are from the truth, in calls of which everything is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import soxr

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.measures.scene import Answer, Scene, Sound, hold, said
from micdrop_widget import Turn
from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.testing.virtual_clock import run_in_virtual_time
from micdrop_widget.vad import VadOption

__all__ = ["measure", "sentences"]

_SENTENCES = (
    "What time is it?",
    "Please tell me what the weather is like today.",
    "Set a timer for five minutes.",
    "Could you book a table on Friday evening?",
    "Seven yellow umbrellas.",
    "Turn off the lights.",
    "I would like a cup of coffee.",
    "Where is the nearest station?",
    "Who wrote this book?",
    "Tell me a story about foxes.",
    "How much is this?",
    "Let us go home now.",
    "Can you hear me?",
    "What is on my list?",
    "Read me the news of today.",
    "Open the window.",
    "She sells sea shells.",
    "Call my mother.",
    "The quick brown fox jumps over the lazy dog.",
    "Is the train late?",
    "We leave at half past six.",
)
_DETECTORS: dict[str, VadOption] = {"silero": "silero", "volume": "volume"}
_SNRS_DB = (40, 20, 10)
_GAP_S = 2.5
_SHORT_GAP_S = 1.5
_PLAYOUT_S = 0.08
_SPEECH_DBFS = -22.0
_EXACT = Aim("max", 10)
"""Of everything that no detector decides."""


def measure(quick: bool) -> Iterator[Figure]:
    """Hold two calls for each detector and each loudness of noise: one of questions, one of interruptions."""
    spoken = sentences(3 if quick else len(_SENTENCES))
    for name, vad in _DETECTORS.items():
        for snr_db in _SNRS_DB:
            what = f"{name}, {snr_db} dB"
            pcm, places = said(spoken, _GAP_S, snr_db, seed=snr_db)
            asked = hold(pcm, places, _answers(spoken), vad=vad, playout_s=_PLAYOUT_S)
            yield from _figures(what, snr_db, _errors(run_in_virtual_time(asked)))
            pcm, places = said(spoken, _SHORT_GAP_S, snr_db, seed=snr_db)
            interrupted = hold(pcm, places, [_long_answer(spoken)], vad=vad, playout_s=_PLAYOUT_S)
            yield from _yield_figures(what, run_in_virtual_time(interrupted))


def sentences(count: int) -> list[Sound]:
    """Return sentences of a synthetic voice, as loud as speech into a headset."""
    from hibari import SAMPLE_RATE as RATE
    from hibari import Hibari

    speak = Hibari()
    sounds = []
    for text in _SENTENCES[:count]:
        samples = soxr.resample(np.asarray(speak(text), dtype=np.float32), RATE, SAMPLE_RATE)
        samples *= 10 ** (_SPEECH_DBFS / 20) / np.sqrt(np.mean(samples**2))
        sounds.append(Sound.of(np.clip(samples * 32768, -32768, 32767).astype(np.int16)))
    return sounds


def _answers(spoken: list[Sound]) -> list[Answer]:
    """Return answers that begin with known silence, after known delays."""
    chance = np.random.default_rng(1)
    return [
        Answer(
            delay_s=float(chance.uniform(0.1, 0.6)),
            sound=Sound.of(
                np.concatenate((np.zeros(int(chance.integers(0, 4800)), dtype=np.int16), sound.pcm[:SAMPLE_RATE]))
            ),
        )
        for sound in reversed(spoken)
    ]


def _long_answer(spoken: list[Sound]) -> Answer:
    """Return an answer that every sentence which follows it interrupts."""
    return Answer(delay_s=0.1, sound=Sound.of(np.concatenate([sound.pcm for sound in spoken])[: 12 * SAMPLE_RATE]))


@dataclass
class _Errors:
    """Measured less true, in milliseconds, by what was measured."""

    by_name: dict[str, list[float]] = field(default_factory=dict)
    sentences: int = 0
    matched: int = 0

    def add(self, measured: Mapping[str, float | None], true: Mapping[str, float]) -> None:
        """Add what was measured and what is true of one turn."""
        for name, value in true.items():
            found = measured[name]
            self.by_name.setdefault(name, []).append(np.nan if found is None else found - value)


def _errors(scene: Scene) -> _Errors:
    """Hold each turn against the sentence that it is about; what is not one turn for one sentence is left out."""
    errors = _Errors(sentences=len(scene.said))
    for first_ms, end_ms in scene.said:
        found = [number for number, turn in enumerate(scene.turns) if _overlap(turn, first_ms, end_ms)]
        if len(found) != 1 or sum(_overlap(scene.turns[found[0]], *other) for other in scene.said) != 1:
            continue
        turn, answer = scene.turns[found[0]], scene.answers.get(found[0])
        if answer is None or answer.voiced_ms is None:
            continue
        errors.matched += 1
        stopped_ms, answered_ms, heard_ms = scene.stopped[found[0]], answer.answered_ms, answer.heard_ms
        voiced_ms = answer.voiced_ms
        true = {
            "reply_latency_ms": voiced_ms - end_ms,
            "speech_start_ms": first_ms,
            "speech_end_ms": end_ms,
            "endpointing_ms": stopped_ms - end_ms,
            "server_ms": answered_ms - stopped_ms,
            "playout_ms": heard_ms - answered_ms,
            "lead_in_ms": voiced_ms - heard_ms,
            "transcription_ms": answered_ms - stopped_ms,
            "answer_latency_ms": heard_ms - stopped_ms,
        }
        errors.add({name: getattr(turn, name) for name in true}, true)
    return errors


def _overlap(turn: Turn, first_ms: float, end_ms: float) -> bool:
    """Return whether the turn was open while something was said."""
    opened_ms, stopped_ms = turn.confirmed_ms, turn.stopped_ms
    if opened_ms is None or stopped_ms is None:
        return False
    return opened_ms - _MOST_BEFORE_MS < end_ms and stopped_ms > first_ms


_MOST_BEFORE_MS = 300
"""Speech that was confirmed has begun this long before at most."""

_BY_DETECTOR = ("reply_latency_ms", "endpointing_ms", "speech_start_ms", "speech_end_ms")


def _figures(what: str, snr_db: float, errors: _Errors) -> Iterator[Figure]:
    note = f"{errors.matched} of {errors.sentences} sentences are one turn each"
    if not errors.by_name:
        yield Figure(f"{what}: reply_latency_ms", "ms", None, None, note)
        return
    for name in _BY_DETECTOR:
        values = errors.by_name[name]
        distribution = Distribution.of(np.abs(values))
        signed = f"median {np.median(values):+.1f} ms; {note}"
        if name == "reply_latency_ms" and snr_db == 20:
            yield Figure(f"{what}: {name}", "ms", distribution, Aim("p50", 20), signed)
            yield Figure(f"{what}: {name}", "ms", distribution, Aim("p95", 64), signed)
        else:
            yield Figure(f"{what}: {name}", "ms", distribution, None, signed)
    exact = [name for name in errors.by_name if name not in _BY_DETECTOR]
    values = [value for name in exact for value in errors.by_name[name]]
    yield Figure(f"{what}: what no detector decides", "ms", Distribution.of(np.abs(values)), _EXACT, ", ".join(exact))


def _yield_figures(what: str, scene: Scene) -> Iterator[Figure]:
    """Hold each interruption against the sentence that it is."""
    to_silence: list[float] = []
    heard: list[float] = []
    for number, answer in scene.answers.items():
        turn = scene.turns[number]
        cause = next((first_ms for first_ms, end_ms in scene.said if first_ms < answer.silent_ms < end_ms), None)
        if turn.interrupted and cause is not None and turn.yield_ms is not None and turn.answer_heard_ms is not None:
            to_silence.append(turn.yield_ms - (answer.silent_ms - cause))
            heard.append(turn.answer_heard_ms - (answer.silent_ms - answer.heard_ms))
    note = f"{len(to_silence)} interruptions by {len(scene.said)} sentences"
    for name, values, aim in (("yield_ms", to_silence, None), ("answer_heard_ms of them", heard, _EXACT)):
        found = Distribution.of(np.abs(values)) if values else None
        yield Figure(f"{what}: {name}", "ms", found, aim, note)
