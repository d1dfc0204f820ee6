"""`sweep`: how each setting of a detector does on labelled recordings, as a table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.analysis.detect import RecordingOption, as_recording, detect_speech, fold
from micdrop_widget.analysis.segment import Segment
from micdrop_widget.audio import SAMPLE_RATE, Pcm, samples_to_ms
from micdrop_widget.audio_samples import Channel
from micdrop_widget.vad import VAD, SileroVAD, VolumeVAD
from micdrop_widget.vad.silero_sequence import silero_probabilities

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Labels", "Outcome", "score_against_labels", "sweep"]

Labels: TypeAlias = Sequence[tuple[int, int]]
"""Where speech is in one recording: `(start_sample, end_sample)` of each stretch, the end not included, at 16 kHz."""

_BY_NAME: dict[str, type[SileroVAD] | type[VolumeVAD]] = {"silero": SileroVAD, "volume": VolumeVAD}

_THRESHOLDS: dict[str, tuple[float, ...]] = {
    "silero": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "volume": (-65, -60, -55, -50, -45, -40),
}

_HYSTERESIS = 0.15
"""The difference between the upper and the lower threshold that Silero's authors use."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the utterances found in one recording compare with its labels."""

    speech: int
    """Labelled stretches."""
    missed: int
    """Labelled stretches of which no utterance holds a sample."""
    false_segments: int
    """Utterances that hold no sample of any labelled stretch."""
    splits: int
    """Utterances beyond the first one that hold a sample of the same stretch: each break is one more turn."""
    speech_samples: int
    """Samples of the stretches that were not missed."""
    head_cut_samples: int
    """Of these, how many came before the first utterance that holds one."""
    tail_cut_samples: int
    """Of these, how many came after the last one."""
    inner_cut_samples: int
    """Of these, how many fell between two utterances."""
    onset_delays: tuple[int, ...]
    """For each stretch not missed: samples from its start until its utterance was confirmed."""
    closing_delays: tuple[int, ...]
    """For each stretch that silence ended: samples from its end until its utterance was over."""


def score_against_labels(segments: Iterable[Segment], labels: Labels) -> Outcome:
    """Compare the utterances found in a recording with its labels, sample by sample."""
    found = list(segments)
    hits = [[one for one in found if one.start_sample < end and one.end_sample > start] for start, end in labels]
    heard = [(start, end, holding) for (start, end), holding in zip(labels, hits, strict=True) if holding]
    false = [one for one in found if not any(one in holding for holding in hits)]
    return Outcome(
        speech=len(labels),
        missed=len(labels) - len(heard),
        false_segments=len(false),
        splits=sum(len(holding) - 1 for _, _, holding in heard),
        speech_samples=sum(end - start for start, end, _ in heard),
        head_cut_samples=sum(max(0, holding[0].start_sample - start) for start, _, holding in heard),
        tail_cut_samples=sum(max(0, end - holding[-1].end_sample) for _, end, holding in heard),
        inner_cut_samples=sum(
            later.start_sample - earlier.end_sample
            for _, _, holding in heard
            for earlier, later in itertools.pairwise(holding)
        ),
        onset_delays=tuple(holding[0].confirmed_sample - start for start, _, holding in heard),
        closing_delays=tuple(
            holding[-1].end_sample - end
            for start, end, holding in heard
            if holding[-1].ended_by_silence and not _goes_on(holding[-1], end, labels)
        ),
    )


def _goes_on(segment: Segment, end: int, labels: Labels) -> bool:
    """Return whether an utterance goes on into a later stretch, so that its end says nothing about this one."""
    return any(end <= start < segment.end_sample for start, _ in labels)


def sweep(
    recordings: Sequence[RecordingOption],
    labels: Sequence[Labels],
    *,
    thresholds: Sequence[float] | None = None,
    vad: str | Callable[..., VAD] = "silero",
    sample_rate: float = SAMPLE_RATE,
    channel: Channel | None = None,
    **settings: Any,  # noqa: ANN401 - of the detector, which checks them
) -> DataFrame:
    """Try settings of a detector on labelled recordings.

    Silero runs once per recording, however many settings there are.

    Parameters
    ----------
    recordings
        As of `detect_speech`.
    labels
        For each recording, `(start_sample, end_sample)` of every stretch of speech in it, at 16 kHz.
    thresholds
        Values of the detector's `threshold`; by default a range around its own.
    vad
        "silero", "volume", or a function from settings to a `VAD`.
    sample_rate, channel
        As of `detect_speech`, the same for all recordings.
    **settings
        Further settings of the detector, each a value or a list of values to try:
        `min_silence_ms=[300, 640]`. Silero's `negative_threshold` is 0.15 under `threshold` (but at least 0.01)
        unless it is given; a pair in which it is above is left out.

    Returns
    -------
    DataFrame
        One row per setting: the settings; `speech` (labelled stretches), `missed`, `false_segments`, and `splits`
        (utterances beyond the first within one stretch);
        `head_cut_samples`, `tail_cut_samples`, `inner_cut_samples`, and `cut_share`, the share of all samples of the
        stretches not missed that no utterance holds; `onset_delay_ms`, the median from the start of a stretch to the
        confirmation, and `closing_delay_ms`, the median from the end of a stretch to the end of its utterance.
        Needs the extra `analysis`.

    Raises
    ------
    ValueError, TypeError, OSError
        The recordings and labels do not fit together, or a setting cannot be used.
    """
    from pandas import DataFrame  # noqa: PLC0415 - loads where it is first used

    if len(recordings) != len(labels):
        raise ValueError(f"sweep(): got {len(recordings)} recordings, but labels for {len(labels)}")
    for stretches in labels:
        _check_labels(stretches)
    samples = [as_recording(recording, sample_rate, channel) for recording in recordings]
    tries = _grid(vad, thresholds, settings)
    found_by_setting = _with_silero(samples, tries) if vad == "silero" else _with(samples, vad, tries)
    outcomes = [
        [score_against_labels(segments, one) for segments, one in zip(found, labels, strict=True)]
        for found in found_by_setting
    ]
    table: DataFrame = DataFrame([{**tried, **_row(outcome)} for tried, outcome in zip(tries, outcomes, strict=True)])
    return table


def _check_labels(stretches: Labels) -> None:
    before = 0
    for start, end in stretches:
        if not (isinstance(start, int | np.integer) and isinstance(end, int | np.integer)):
            raise TypeError(f"labels: expected positions in samples (seconds times 16 000), got {(start, end)!r}")
        if not before <= start < end:
            raise ValueError(f"labels: expected (start, end) in order, none overlapping, got {(start, end)!r}")
        before = end


def _grid(
    vad: str | Callable[..., VAD], thresholds: Sequence[float] | None, settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return every combination of settings that makes sense."""
    if isinstance(vad, str) and vad not in _BY_NAME:
        raise ValueError(f"sweep(): expected vad='silero', 'volume' or a function, got {vad!r}")
    if thresholds is None:
        if not isinstance(vad, str):
            raise ValueError("sweep(): thresholds is missing, and only 'silero' and 'volume' have default ones")
        thresholds = _THRESHOLDS[vad]
    values = {name: value if isinstance(value, list | tuple) else [value] for name, value in settings.items()}
    names = ["threshold", *values]
    tries = [dict(zip(names, tried, strict=True)) for tried in itertools.product(thresholds, *values.values())]
    if vad != "silero":
        return tries
    tries = [{"threshold": t["threshold"], "negative_threshold": _under(t["threshold"]), **t} for t in tries]
    return [tried for tried in tries if tried["negative_threshold"] <= tried["threshold"]]


def _under(threshold: float) -> float:
    return max(0.01, round(threshold - _HYSTERESIS, 6))


def _with(
    recordings: Sequence[Pcm], vad: str | Callable[..., VAD], tries: Sequence[Mapping[str, Any]]
) -> list[list[tuple[Segment, ...]]]:
    """Return, for each setting, the utterances in each recording."""
    build = _BY_NAME[vad] if isinstance(vad, str) else vad
    return [[detect_speech(pcm, vad=build(**tried)).segments for pcm in recordings] for tried in tries]


def _with_silero(recordings: Sequence[Pcm], tries: Sequence[Mapping[str, Any]]) -> list[list[tuple[Segment, ...]]]:
    """Do the same for Silero, and run the network only once for each recording."""
    vads = [SileroVAD(**tried) for tried in tries]
    if not all(vad.uses_packaged_model for vad in vads):
        return _with(recordings, "silero", tries)
    known = [silero_probabilities(pcm) for pcm in recordings]
    return [[_replayed(pcm, vad, one) for pcm, one in zip(recordings, known, strict=True)] for vad in vads]


def _replayed(pcm: Pcm, vad: SileroVAD, probabilities: NDArray[np.float32]) -> tuple[Segment, ...]:
    with vad.replaying(probabilities):
        return fold(pcm, vad).segments


def _row(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the row of a setting: its outcomes in all recordings together."""
    cut = {
        name: sum(getattr(outcome, name) for outcome in outcomes)
        for name in ("head_cut_samples", "tail_cut_samples", "inner_cut_samples")
    }
    counts = ("speech", "missed", "false_segments", "splits")
    speech_samples = sum(outcome.speech_samples for outcome in outcomes)
    return {
        **{name: sum(getattr(one, name) for one in outcomes) for name in counts},
        **cut,
        "cut_share": sum(cut.values()) / speech_samples if speech_samples else float("nan"),
        "onset_delay_ms": _median_ms(delay for outcome in outcomes for delay in outcome.onset_delays),
        "closing_delay_ms": _median_ms(delay for outcome in outcomes for delay in outcome.closing_delays),
    }


def _median_ms(delays: Iterable[int]) -> float:
    measured = list(delays)
    return samples_to_ms(1) * median(measured) if measured else float("nan")
