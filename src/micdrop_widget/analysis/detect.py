"""`detect_speech`: the utterances in a recording, exactly as a live call would send them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget._claims import claimed
from micdrop_widget.analysis.segment import Segment
from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm, as_pcm, read_wav
from micdrop_widget.history.recording import Recording
from micdrop_widget.speech import SpeechConfirmed, SpeechEnded, SpeechEvent, SpeechStarted
from micdrop_widget.vad import VAD, Segmenter, SileroVAD, VadOption, build_vad
from micdrop_widget.vad.combine import detectors
from micdrop_widget.vad.silero_sequence import silero_probabilities

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RecordingOption", "SpeechReport", "as_recording", "detect_speech", "fold"]

RecordingOption: TypeAlias = Recording | NDArray[Any] | str | PathLike[str]
"""A recording: that of a call, an int16 or floating array, or the path of a WAV file."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechReport:
    """What a detector makes of a recording.

    The tracks have one value per window of 512 samples, ceil(len(pcm) / 512) in all: value n is the one after the
    samples `[512 n, 512 (n + 1))`.
    """

    pcm: Pcm
    """The recording, shape (n,), int16 at 16 kHz."""
    vad: VAD
    """The detector, with its settings."""
    segments: tuple[Segment, ...]
    """The utterances, in order."""
    probability: NDArray[np.float32]
    """Probability of speech; NaN without a detector that knows one."""
    level_db: NDArray[np.float32]
    """Level of the volume detector's latest decision; NaN without one."""
    status: NDArray[np.int8]
    """0 silence, 1 maybe speaking, 2 speaking (the values of `Status`)."""

    def __repr__(self) -> str:
        duration_s = len(self.pcm) / SAMPLE_RATE
        return f"<SpeechReport {len(self.segments)} segments in {duration_s:.1f} s, {self.vad!r}>"

    def plot(self) -> Figure:
        """Draw waveform, probability and level with their thresholds, and the segments.

        Returns
        -------
        matplotlib.figure.Figure
            A figure of its own that a notebook shows; pyplot does not know it. Needs the extra `analysis`.
        """
        from micdrop_widget.analysis.plot import draw  # noqa: PLC0415 - matplotlib loads where it is first used

        return draw(self.pcm, self.vad, self.segments, self.probability, self.level_db)


def detect_speech(
    recording: RecordingOption, *, vad: VadOption = "silero", sample_rate: int = SAMPLE_RATE
) -> SpeechReport:
    """Find the utterances in a recording, by the same fold over its samples as in a live call.

    Parameters
    ----------
    recording
        The `recording` of a call (its microphone), an array of shape (n,), int16 or floating in [-1, 1], or the path
        of a WAV file.
    vad
        As of `MicdropClient`. A detector instance is used as it is set, and reset before and afterwards.
    sample_rate
        Rate of an array in Hz (a file says its own); other rates than 16 000 are resampled with soxr.

    Returns
    -------
    SpeechReport
        The segments, and one value of probability, level and status per window.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
        The recording or the detector cannot be used; the message says why.
    DetectorInUseError
        A call uses the detector now: give a `copy.copy` of it.
    MissingPackageError
        The detector needs onnxruntime, which is not installed.
    """
    pcm = as_recording(recording, sample_rate)
    detector = build_vad(vad)
    with ExitStack() as replays:
        replays.enter_context(claimed(*detectors(detector)))
        packaged = [member for member in detectors(detector) if _runs_packaged_silero(member)]
        if packaged:
            probabilities = silero_probabilities(pcm)
            for member in packaged:
                replays.enter_context(member.replaying(probabilities))  # type: ignore[attr-defined]
        detector.load()
        return fold(pcm, detector)


def as_recording(recording: RecordingOption, sample_rate: int = SAMPLE_RATE) -> Pcm:
    """Return the samples of a recording, int16 at 16 kHz.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
        It cannot be used.
    """
    if isinstance(recording, Recording):
        return recording.microphone
    if isinstance(recording, str | PathLike):
        samples, sample_rate = read_wav(recording)
        return as_pcm(samples, sample_rate)
    if not isinstance(recording, np.ndarray):
        kind = type(recording).__name__
        raise TypeError(f"recording: expected a Recording, an array or the path of a WAV file, got {kind}")
    return as_pcm(recording, sample_rate, what="recording")


def _runs_packaged_silero(vad: VAD) -> bool:
    return isinstance(vad, SileroVAD) and vad.uses_packaged_model


def fold(pcm: Pcm, detector: VAD) -> SpeechReport:
    """Return the report of a detector that is ready."""
    windows = -(-len(pcm) // FRAME_SAMPLES)
    probability = np.empty(windows, dtype=np.float32)
    level_db = np.empty(windows, dtype=np.float32)
    status = np.empty(windows, dtype=np.int8)
    whole = np.zeros(windows * FRAME_SAMPLES, dtype=np.int16)  # as Segmenter.finish() fills up the last window
    whole[: len(pcm)] = pcm
    segmenter = Segmenter(detector)
    events: list[SpeechEvent] = []
    for window in range(windows):
        events += segmenter.push(whole[window * FRAME_SAMPLES : (window + 1) * FRAME_SAMPLES])
        probability[window] = detector.probability
        level_db[window] = detector.level_db
        status[window] = segmenter.status
    silent = segmenter.finish() == []
    return SpeechReport(pcm, detector, _segments(events, None if silent else len(whole)), probability, level_db, status)


def _segments(events: Sequence[SpeechEvent], cut_off_at: int | None) -> tuple[Segment, ...]:
    """Return the utterances that events tell of; one that is open where the recording is cut off ends there."""
    segments: list[Segment] = []
    started, confirmed = 0, None
    for event in events:
        match event:
            case SpeechStarted(position):
                started = position
            case SpeechConfirmed():
                confirmed = event
            case SpeechEnded(position) if confirmed is not None:
                segments.append(Segment(confirmed.start, position, started, confirmed.position, True))
                confirmed = None
    if confirmed is not None and cut_off_at is not None:
        segments.append(Segment(confirmed.start, cut_off_at, started, confirmed.position, False))
    return tuple(segments)
