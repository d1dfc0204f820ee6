"""Offline detection: the segments, the tracks, and that they are those of the live call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.testing import assert_allclose, assert_array_equal

from micdrop_widget import MicdropClient, MicdropServer, SileroVAD, VolumeVAD, detect_speech
from micdrop_widget.analysis import Segment
from micdrop_widget.audio import FRAME_SAMPLES, Pcm, float_to_pcm, pcm_to_float
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from micdrop_widget.speech import SpeechConfirmed, SpeechEnded, SpeechStarted
from micdrop_widget.vad import Segmenter, VadOption, build_vad
from micdrop_widget.vad.silero import SileroModel
from micdrop_widget.vad.silero_sequence import silero_probabilities
from micdrop_widget.wav_file import write_wav
from tests.analysis.scripted import LoudnessVAD, recording
from tests.paths import FIXTURES

TWO_SENTENCES = as_pcm(FIXTURES / "two_sentences.wav")


def w(windows: int) -> int:
    return windows * FRAME_SAMPLES


def test_a_segment_has_its_samples_and_when_it_was_suspected_and_confirmed() -> None:
    report = detect_speech(recording("sssssmSSSsss"), vad=LoudnessVAD())
    assert report.segments == (Segment(w(3), w(10), w(6), w(7), True),)
    segment = report.segments[0]
    assert (segment.start_s, segment.end_s, segment.confirmed_s) == (0.096, 0.32, 0.224)


def test_the_tracks_have_one_value_per_window() -> None:
    report = detect_speech(recording("smSs"), vad=LoudnessVAD())
    assert report.status.tolist() == [0, 1, 2, 0]
    assert report.probability.tolist() == [0, 0.25, 0.5, 0]
    assert np.isnan(report.level_db).all()


def test_a_false_alarm_is_no_segment() -> None:
    assert detect_speech(recording("ssmmss"), vad=LoudnessVAD()).segments == ()


@pytest.mark.parametrize("script", ["sS", "sSS"])
def test_speech_at_the_end_of_the_recording_ends_with_it(script: str) -> None:
    report = detect_speech(recording(script), vad=LoudnessVAD())
    assert [(one.end_sample, one.ended_by_silence) for one in report.segments] == [(w(len(script)), False)]


def test_a_last_window_that_is_not_full_is_filled_up_with_silence() -> None:
    report = detect_speech(recording("sSss")[: w(3) + 1], vad=LoudnessVAD())
    assert len(report.probability) == 4
    assert [(one.end_sample, one.ended_by_silence) for one in report.segments] == [(w(3), True)]
    report = detect_speech(recording("sS")[: w(1) + 1], vad=LoudnessVAD())
    assert [(one.end_sample, one.ended_by_silence) for one in report.segments] == [(w(2), False)]


def test_no_sample_gives_no_segment_and_empty_tracks() -> None:
    report = detect_speech(np.zeros(0, np.int16))
    assert report.segments == ()
    assert report.probability.shape == report.level_db.shape == report.status.shape == (0,)


def live(pcm: Pcm, vad: VadOption, chunks: list[int]) -> list[Segment]:
    """Return the segments of a stream that comes in chunks of these lengths, again and again."""
    detector = build_vad(vad)
    detector.load()
    segmenter = Segmenter(detector)
    segments, started, confirmed, position, turn = list[Segment](), 0, SpeechConfirmed(0, 0, pcm[:0]), 0, 0
    events = []
    while position < len(pcm):
        events += segmenter.push(pcm[position : position + chunks[turn % len(chunks)]])
        position += chunks[turn % len(chunks)]
        turn += 1
    by_silence = len(events)
    events += segmenter.finish()
    for number, event in enumerate(events):
        match event:
            case SpeechStarted():
                started = event.position
            case SpeechConfirmed():
                confirmed = event
            case SpeechEnded(end):
                segments.append(Segment(confirmed.start, end, started, confirmed.position, number < by_silence))
    return segments


@given(st.text("smS", max_size=30), st.integers(0, 511), st.lists(st.integers(1, 1500), min_size=1, max_size=5))
def test_any_chunking_of_a_stream_gives_what_detect_speech_finds(script: str, less: int, chunks: list[int]) -> None:
    pcm = recording(script)
    pcm = pcm[: max(0, len(pcm) - less)]
    found = detect_speech(pcm, vad=LoudnessVAD()).segments
    heard = live(pcm, LoudnessVAD(), chunks)
    # a last window that silence fills up is silent only when the stream ends: the same positions, and the same end
    assert [(s.start_sample, s.end_sample, s.started_sample, s.confirmed_sample) for s in found] == [
        (s.start_sample, s.end_sample, s.started_sample, s.confirmed_sample) for s in heard
    ]


@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from(["volume", "silero", ("volume", "silero")]),
    st.lists(st.integers(100, 5000), min_size=1, max_size=4),
    st.integers(0, 2000),
)
def test_spoken_sentences_are_cut_offline_as_in_a_stream(vad: VadOption, chunks: list[int], offset: int) -> None:
    pcm = TWO_SENTENCES[offset : offset + 100_000]
    assert list(detect_speech(pcm, vad=vad).segments) == live(pcm, vad, chunks)


@pytest.mark.parametrize("less", [0, 1, 511])
def test_the_sequence_form_gives_the_probabilities_of_the_model_window_by_window(less: int) -> None:
    rng = np.random.default_rng(4)
    noisy = float_to_pcm(pcm_to_float(TWO_SENTENCES) + rng.normal(0, 0.003, len(TWO_SENTENCES)))
    pcm = np.concatenate([noisy, noisy])[: w(1015) - less]  # two runs of the sequence form
    model, whole = SileroModel(), np.concatenate([pcm, np.zeros(less, np.int16)])
    reference = [model.probability(pcm_to_float(whole[n : n + 512])) for n in range(0, len(whole), 512)]
    assert_allclose(silero_probabilities(pcm), reference, rtol=0, atol=1e-5)
    assert min(reference) < 0.1
    assert max(reference) > 0.9


def test_the_probability_of_the_report_is_that_of_the_network() -> None:
    pcm = TWO_SENTENCES[:40_000]
    assert_array_equal(detect_speech(pcm, vad="silero").probability, silero_probabilities(pcm))
    assert_array_equal(detect_speech(pcm).probability, silero_probabilities(pcm))
    both = detect_speech(pcm, vad=("volume", "silero"))
    assert_array_equal(both.probability, silero_probabilities(pcm))
    assert_array_equal(both.level_db, detect_speech(pcm, vad="volume").level_db)
    assert np.isfinite(both.level_db).all()


def test_another_model_is_asked_window_by_window() -> None:
    from importlib.resources import files

    own = str(files("micdrop_widget.vad") / "models" / "silero_vad_16k_op15.onnx")
    pcm = TWO_SENTENCES[10_000:40_000]
    other = detect_speech(pcm, vad=SileroVAD(model=own))
    assert_allclose(other.probability, detect_speech(pcm, vad="silero").probability, rtol=0, atol=1e-5)


def test_a_detector_is_left_reset_and_can_be_used_again() -> None:
    vad = SileroVAD()
    first = detect_speech(TWO_SENTENCES, vad=vad)
    assert vad.probability == 0
    assert detect_speech(TWO_SENTENCES, vad=vad).segments == first.segments
    vad.load()
    assert 0 < vad.update(np.zeros(512, np.float32)) == vad.probability < 0.5


def test_a_file_an_array_and_floats_give_the_same(tmp_path: Path) -> None:
    pcm = TWO_SENTENCES[:70_000]
    write_wav(tmp_path / "a.wav", pcm)
    reports = [detect_speech(r, vad="volume") for r in (tmp_path / "a.wav", str(tmp_path / "a.wav"), pcm)]
    reports.append(detect_speech(pcm / 32768, vad="volume"))
    assert len({report.segments for report in reports}) == 1
    assert len(reports[0].segments) == 1


def test_an_array_of_another_rate_is_resampled() -> None:
    slow = TWO_SENTENCES[:70_000:2]
    report = detect_speech(slow, vad="silero", sample_rate=8000)
    assert abs(len(report.pcm) - 70_000) <= 2
    assert len(report.segments) == 1


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (5, TypeError, "recording: expected an audio file .* or samples: an array, .* got int"),
        (np.zeros((2, 5), np.int16), ValueError, 'recording: 2 channels; .* with channel=0 .* with channel="mean"'),
        (np.zeros(5, np.uint32), ValueError, "recording: expected int16, int32, uint8 or floating samples, got uint32"),
        (np.full(5, 1e4), ValueError, "recording: floating samples go from -1 to 1, these reach 10000.*by 32768"),
    ],
)
def test_what_is_no_recording_is_refused(wrong: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        detect_speech(wrong)  # type: ignore[arg-type]


def test_the_report_says_what_it_is_without_the_samples() -> None:
    report = detect_speech(recording("sSs"), vad=VolumeVAD())
    assert repr(report) == "<SpeechReport 0 segments in 0.1 s, VolumeVAD(threshold=-55.0, history=5, pre_roll_ms=1000)>"


def extent(patch: Patch) -> tuple[float, float]:
    """Return from where to where a patch goes; before matplotlib 3.9 a span is a polygon."""
    box = patch.get_path().transformed(patch.get_patch_transform()).get_extents()
    return box.x0, box.x1


@pytest.mark.parametrize(
    ("vad", "labels"),
    [
        ("volume", ["waveform", "level (dB)"]),
        ("silero", ["waveform", "probability"]),
        (("volume", "silero"), ["waveform", "probability", "level (dB)"]),
    ],
    ids=str,
)
def test_the_plot_shows_waveform_tracks_thresholds_and_segments(vad: VadOption, labels: list[str]) -> None:
    report = detect_speech(TWO_SENTENCES, vad=vad)
    figure = report.plot()
    assert isinstance(figure, Figure)
    assert [axis.get_ylabel() for axis in figure.axes] == labels
    for axis in figure.axes:
        assert len(axis.patches) == len(report.segments) == 2
        spans = [extent(patch) for patch in axis.patches]
        assert_allclose(spans, [(segment.start_s, segment.end_s) for segment in report.segments])
    tracks = {axis.get_ylabel(): axis for axis in figure.axes}
    heights = {
        name: [line.get_ydata()[0] for line in axis.lines if line.get_linestyle() in ("--", ":")]  # type: ignore[index]
        for name, axis in tracks.items()
    }
    assert heights.get("probability", [0.5, 0.35]) == [0.5, 0.35]
    assert heights.get("level (dB)", [-55.0]) == [-55.0]
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    assert "matplotlib.pyplot" not in sys.modules


def test_an_empty_and_a_short_recording_can_be_drawn() -> None:
    for samples in (0, 1, 700):
        assert len(detect_speech(np.zeros(samples, np.int16)).plot().axes) >= 1


@pytest.mark.parametrize(("channel", "expected"), [(None, 1), (0, 1), (1, 0), ("mean", 1)])
def test_a_channel_is_chosen_of_arrays_and_files(
    tmp_path: Path, channel: int | Literal["mean"] | None, expected: int
) -> None:
    voice = TWO_SENTENCES[:70_000]
    stereo = np.stack([voice, np.zeros_like(voice)], axis=1)
    write_wav(tmp_path / "call.wav", stereo)
    assert len(detect_speech(tmp_path / "call.wav", channel=channel).segments) == expected
    if channel is not None:
        for array in (stereo, stereo.T, stereo / 32768):
            assert len(detect_speech(array, channel=channel).segments) == expected


async def test_the_recording_of_a_call_holds_the_segments_that_the_call_sent() -> None:
    async with MicdropServer() as server:
        source = ArraySource.from_wav(FIXTURES / "sentence.wav", pace="fast")
        async with MicdropClient(server.url, source=source, sink=VirtualSpeaker(pace="fast")) as call:
            await call.start()
            await call.until(isMicStarted=False, timeout=30)
        recording, (turn,) = call.recording, call.turns
    assert recording is not None
    # the time line of a recording begins with the call, and the microphone when it is open
    late = np.flatnonzero(recording.microphone)[0] - np.flatnonzero(as_pcm(FIXTURES / "sentence.wav"))[0]
    (segment,) = detect_speech(recording.microphone[late:]).segments
    assert len(detect_speech(recording).segments) == 1
    assert detect_speech(recording, channel=0).segments == detect_speech(recording).segments
    assert detect_speech(recording, channel=1).pcm.tolist() == recording.assistant.tolist()
    assert (segment.start_sample, segment.end_sample) == (turn.start_sample, turn.end_sample)
