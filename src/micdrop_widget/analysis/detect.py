"""`detect_speech`: the utterances in a recording, exactly as a live call would send them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget._claims import claimed
from micdrop_widget._extras import extra_needed
from micdrop_widget.analysis.segment import Segment
from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from micdrop_widget.audio_input import AudioInput, as_pcm
from micdrop_widget.audio_samples import Channel
from micdrop_widget.history.recording import Recording
from micdrop_widget.speech import SpeechConfirmed, SpeechEnded, SpeechEvent, SpeechStarted
from micdrop_widget.vad import VAD, Segmenter, SileroVAD, VadOption, build_vad
from micdrop_widget.vad.combine import detectors
from micdrop_widget.vad.silero_sequence import silero_probabilities

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RecordingOption", "SpeechReport", "as_recording", "detect_speech", "fold"]

RecordingOption: TypeAlias = Recording | AudioInput
"""A recording: that of a call, samples, or an audio file."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechReport:
    """What a detector finds in a recording.

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

        Raises
        ------
        MissingPackageError
            matplotlib is not installed.
        """
        with extra_needed("analysis", "matplotlib", "Pictures"):
            from micdrop_widget.analysis.plot import draw  # noqa: PLC0415 - matplotlib loads where it is first used

        return draw(self.pcm, self.vad, self.segments, self.probability, self.level_db)


def detect_speech(
    recording: RecordingOption,
    *,
    vad: VadOption = "silero",
    sample_rate: float = SAMPLE_RATE,
    channel: Channel | None = None,
) -> SpeechReport:
    """Find the utterances in a recording, as the same detector would in a live call.

    Parameters
    ----------
    recording
        The `recording` of a call; samples: an array, or what is like one, of int16, int32, uint8, or floats in
        [-1, 1]; or an audio file: its path, opened, or its bytes.
    vad
        As of `MicdropClient`. A detector instance is used as it is set, and reset before and afterwards.
    sample_rate
        Rate of samples in Hz (a file says its own); other rates than 16 000 are resampled with soxr.
    channel
        Which of several channels, counted from 0, or "mean". With None, several channels are an error, except in the
        recording of a call and in the file that it was saved to: there it is the microphone, and `channel=1` the
        assistant.

    Returns
    -------
    SpeechReport
        The segments, and one value of probability, level and status per window.

    Raises
    ------
    ValueError, TypeError, OSError
        The recording or the detector cannot be used; the message says why.
    DetectorInUseError
        A call uses the detector now: give a `copy.copy` of it.
    MissingPackageError
        The detector needs onnxruntime, which is not installed.
    """
    pcm = as_recording(recording, sample_rate, channel)
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


def as_recording(recording: RecordingOption, sample_rate: float = SAMPLE_RATE, channel: Channel | None = None) -> Pcm:
    """Return the samples of a recording, int16 at 16 kHz.

    Raises
    ------
    ValueError, TypeError, OSError
        The recording cannot be used.
    """
    if isinstance(recording, Recording):
        if channel is None:
            return recording.microphone
        return as_pcm(np.stack([recording.microphone, recording.assistant], axis=1), channel=channel, what="recording")
    return as_pcm(recording, sample_rate, channel=channel, what="recording")


def _runs_packaged_silero(vad: VAD) -> bool:
    return isinstance(vad, SileroVAD) and vad.uses_packaged_model


def fold(pcm: Pcm, detector: VAD) -> SpeechReport:
    """Return the report of a detector that is loaded, claimed and reset."""
    windows = -(-len(pcm) // FRAME_SAMPLES)
    probability = np.empty(windows, dtype=np.float32)
    level_db = np.empty(windows, dtype=np.float32)
    status = np.empty(windows, dtype=np.int8)
    end = windows * FRAME_SAMPLES
    segmenter = Segmenter(detector)
    events: list[SpeechEvent] = []
    for window in range(windows):
        frame = pcm[window * FRAME_SAMPLES : (window + 1) * FRAME_SAMPLES]
        if len(frame) < FRAME_SAMPLES:  # as Segmenter.finish() fills up the last window
            frame = np.pad(frame, (0, FRAME_SAMPLES - len(frame)))
        events += segmenter.push(frame)
        probability[window] = detector.probability
        level_db[window] = detector.level_db
        status[window] = segmenter.status
    silent = segmenter.finish() == []
    return SpeechReport(pcm, detector, _segments(events, None if silent else end), probability, level_db, status)


def _segments(events: Sequence[SpeechEvent], cut_off_at: int | None) -> tuple[Segment, ...]:
    """Return the utterances in the events; one that has not ended where the recording does ends there."""
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
