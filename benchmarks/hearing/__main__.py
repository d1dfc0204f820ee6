"""`python -m benchmarks.hearing`: the tables of docs/hearing.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Any

from benchmarks.hearing import corpus
from benchmarks.hearing.trials import Trial, trials
from benchmarks.hearing.turns import TurnTrial, turn_trials
from micdrop_widget import sweep

_MIN_SPEECH_MS = [32, 64, 96, 128, 160, 192, 256]
_MIN_SILENCE_MS = [192, 256, 320, 384, 448, 512, 576, 640, 704, 800]

_HEADING = [
    *("sound", "detector", "detected", "missed", "false", "split", "samples cut", "opened by noise"),
    *("onset ms", "closing ms", "never closed"),
]


def _table(heading: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    cells = list(heading)
    yield _line(cells)
    yield "|---" * len(cells) + "|"
    yield from (_line(row) for row in rows)
    yield ""


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _delay(delays_ms: list[float]) -> str:
    return f"{median(delays_ms):.0f} / {max(delays_ms):.0f}" if delays_ms else "–"


def _speech(trial: Trial) -> list[object]:
    return [
        trial.kind,
        trial.detector,
        f"{trial.detected} of {trial.total('speech')}",
        trial.total("missed"),
        trial.total("false_segments"),
        trial.total("splits"),
        trial.cut_samples,
        trial.opened_early,
        _delay(trial.onset_ms),
        _delay(trial.closing_ms),
        trial.never_closed,
    ]


def _turn(trial: TurnTrial) -> list[object]:
    total = len(trial.closing_ms) + trial.held
    return [
        f"{'finished' if trial.finished else 'cut'}, {trial.voice}",
        trial.setting,
        f"{len(trial.closing_ms)} of {total}",
        _delay(list(trial.closing_ms)),
        f"{trial.held} of {total}",
    ]


def _durations() -> Iterator[str]:
    """Yield the tables that the defaults of `SileroVAD` were chosen from."""
    words = corpus.short_words()
    kinds = {f"missed, {snr_db} dB SNR": corpus.speech_in_noise(words, snr_db) for snr_db in corpus.SNRS_DB[1:]}
    rows = [
        [name, *_sweep(sounds, "missed", min_speech_ms=_MIN_SPEECH_MS)]
        for name, sounds in {"missed, clean": words, **kinds}.items()
    ]
    noises = [sound for _, sounds in corpus.sounds_without_speech() for sound in sounds]
    rows.append(["false segments without speech", *_sweep(noises, "false_segments", min_speech_ms=_MIN_SPEECH_MS)])
    yield from _table(["`min_speech_ms`", *_MIN_SPEECH_MS], rows)
    pauses = [
        [f"{pause_ms} ms", *_sweep(corpus.hesitations(pause_ms), "splits", min_silence_ms=_MIN_SILENCE_MS)]
        for pause_ms in corpus.PAUSES_MS
    ]
    yield from _table(["pause \\ `min_silence_ms`", *_MIN_SILENCE_MS], pauses)


def _sweep(sounds: list[corpus.Sound], column: str, **settings: Any) -> list[int]:  # noqa: ANN401 - as of sweep
    table = sweep([sound.pcm for sound in sounds], [sound.labels for sound in sounds], thresholds=[0.5], **settings)
    return [int(value) for value in table[column]]


def main() -> None:
    """Print all tables as Markdown."""
    done = list(trials(quick=False))
    lines = [*_table(_HEADING, (_speech(trial) for trial in done if trial.has_speech))]
    silent = (
        [trial.kind, trial.detector, trial.total("false_segments"), trial.never_closed]
        for trial in done
        if not trial.has_speech
    )
    lines += [*_table(["sound", "detector", "false segments", "never closed"], silent), *_durations()]
    turns = sorted(turn_trials(quick=False), key=lambda trial: (trial.voice, not trial.finished))
    lines += _table(["sentences", "silence", "closed", "closing ms", "held"], map(_turn, turns))
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main()
