"""Spoken sentences: Silero against the bare model, and every detector finds every sentence whole."""

from __future__ import annotations

from dataclasses import astuple
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, Pcm, pcm_to_float
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded, SpeechEvent, SpeechStarted
from micdrop_widget.vad import VAD, Segmenter, SileroVAD, VadOption, build_vad
from micdrop_widget.vad.silero import SileroModel
from tests.harness.spoken import spoken

MODEL = Path(str(files("micdrop_widget.vad") / "models" / "silero_vad_16k_op15.onnx"))
DETECTORS: list[VadOption] = ["volume", "silero", ("volume", "silero")]


def windows_of(pcm: Pcm) -> list[NDArray[np.float32]]:
    return [pcm_to_float(pcm[n : n + FRAME_SAMPLES]) for n in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)]


def reference_probabilities(pcm: Pcm) -> NDArray[np.float64]:
    """Run the model as its authors do: 64 samples of context in front of each window, the state carried."""
    session = onnxruntime.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])
    state: Any = np.zeros((2, 1, 128), dtype=np.float32)
    padded = np.concatenate([np.zeros(64, np.float32), pcm.astype(np.float32) / 32768])
    probabilities = []
    for start in range(0, len(pcm) - 511, 512):
        inputs = {"input": padded[None, start : start + 576], "state": state, "sr": np.array(16_000, np.int64)}
        output, state = session.run(None, inputs)
        probabilities.append(float(output[0, 0]))
    return np.array(probabilities)


@pytest.mark.parametrize("name", ["sentence", "two_sentences"])
def test_silero_gives_the_probability_of_the_bare_model_in_every_window(name: str) -> None:
    pcm = spoken(name).pcm
    vad = SileroVAD()
    ours = []
    for window in windows_of(pcm):
        vad.update(window)
        ours.append(vad.probability)
    reference = reference_probabilities(pcm)
    assert len(ours) == len(reference) == len(pcm) // 512
    assert_allclose(ours, reference, rtol=0, atol=1e-5)
    assert reference.max() > 0.9
    assert reference[:20].max() < 0.35


def test_the_context_and_the_state_matter_to_the_fixture() -> None:
    """Show that the parity test could fail: a model without memory gives something else."""
    pcm = spoken("sentence").pcm
    model, forgetful = SileroModel(), []
    for window in windows_of(pcm):
        model.reset()
        forgetful.append(model.probability(window))
    assert np.abs(np.array(forgetful) - reference_probabilities(pcm)).max() > 0.1


def test_a_reset_begins_anew_with_the_loaded_model() -> None:
    pcm = spoken("sentence").pcm[16_000:32_000]
    vad = SileroVAD()
    first = [vad.update(window) for window in windows_of(pcm)]
    last = vad.probability
    vad.reset()
    assert vad.probability == 0
    assert [vad.update(window) for window in windows_of(pcm)] == first
    assert vad.probability == last
    assert first[-1] == last > 0.5


def test_the_model_may_be_another_file_of_the_same_kind() -> None:
    window = windows_of(spoken("sentence").pcm[20_000:])[0]
    own = SileroVAD(model=MODEL)
    own.load()
    assert own.update(window) == SileroVAD().update(window)


def test_the_model_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    vad = SileroVAD(pre_roll_ms=0)
    assert (vad.probability, vad.pre_roll_ms) == (0, 0)
    vad.load()
    monkeypatch.setattr("micdrop_widget.vad.silero.SileroModel", None)  # a second one could not be made
    vad.load()
    assert 0 < vad.update(np.zeros(FRAME_SAMPLES, np.float32)) < 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 1.1},
        {"threshold": 0.3, "negative_threshold": 0.35},
        {"negative_threshold": 0},
        {"min_speech_ms": 0},
        {"min_silence_ms": -1},
        {"pre_roll_ms": -1},
    ],
)
def test_settings_of_silero_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="SileroVAD: "):
        SileroVAD(**wrong)  # type: ignore[arg-type]


def found(option: VadOption, pcm: Pcm, chunk: int | None = None) -> list[SpeechEvent]:
    """Return the events of a recording, its end included."""
    vad = build_vad(option)
    vad.load()
    segmenter = Segmenter(vad)
    events: list[SpeechEvent] = []
    for start in range(0, len(pcm), chunk or len(pcm)):
        events += segmenter.push(pcm[start : start + (chunk or len(pcm))])
    return events + segmenter.finish()


def utterances(events: list[SpeechEvent]) -> list[tuple[int, int, Pcm]]:
    """Return start, end and samples of each utterance."""
    told, parts, start = [], list[Pcm](), 0
    for event in events:
        match event:
            case SpeechConfirmed(_, start, pcm):
                parts = [pcm]
            case SpeechContinued(pcm):
                parts.append(pcm)
            case SpeechEnded(position):
                told.append((start, position, np.concatenate(parts)))
    return told


@pytest.mark.parametrize("option", DETECTORS, ids=str)
@pytest.mark.parametrize("name", ["sentence", "two_sentences"])
def test_every_sentence_is_found_whole_and_nothing_else(name: str, option: VadOption) -> None:
    recording = spoken(name)
    heard = utterances(found(option, recording.pcm))
    assert len(heard) == len(recording.sentences)
    for (start, end, pcm), sentence in zip(heard, recording.sentences, strict=True):
        assert start <= sentence.start_sample
        assert end >= sentence.end_sample
        assert_array_equal(pcm, recording.pcm[start:end])
        # No more in front than the pre-roll and what confirmation may take; behind, what ends an utterance.
        assert sentence.start_sample - start <= (1000 + 300) * 16
        assert end - sentence.end_sample <= 1000 * 16


@pytest.mark.parametrize("option", DETECTORS, ids=str)
@pytest.mark.parametrize("chunk", [1601, 4096, 111])
def test_a_sentence_gives_the_same_events_however_it_is_chunked(option: VadOption, chunk: int) -> None:
    pcm = spoken("sentence").pcm
    whole, chunked = found(option, pcm), found(option, pcm, chunk)
    assert [repr(event) for event in whole] == [repr(event) for event in chunked]
    for (_, _, one), (_, _, other) in zip(utterances(whole), utterances(chunked), strict=True):
        assert_array_equal(one, other)


class ByLoudness(VAD):
    """A detector of a user's own, which answers with a score."""

    threshold, negative_threshold = 0.1, 0.02

    def update(self, window: NDArray[np.float32]) -> float:
        return float(window.max())


CHUNKED = spoken("sentence").pcm[6000:70_000]


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, len(CHUNKED)), max_size=12), st.integers(0, 1000), st.data())
@pytest.mark.parametrize("option", [*DETECTORS, "own"], ids=str)
def test_any_chunking_of_a_sentence_gives_identical_events(
    option: VadOption, cuts: list[int], less: int, data: st.DataObject
) -> None:
    pcm = CHUNKED[less:]
    small = data.draw(st.integers(1, 700), label="a run of chunks of this length")
    edges = sorted({0, len(pcm), *(cut for cut in cuts if cut < len(pcm)), *range(20_000, 24_000, small)})
    vad = ByLoudness() if option == "own" else build_vad(option)
    vad.load()
    whole = Segmenter(vad)
    expected = told(whole.push(pcm) + whole.finish())
    chunked = Segmenter(vad)
    events = [event for start, end in pairwise(edges) for event in chunked.push(pcm[start:end])]
    assert told(events + chunked.finish()) == expected
    # The sentence was heard. By some alignments its soft beginning is taken for speech, and taken back, before it.
    assert {name for name, *_ in expected} >= {"SpeechStarted", "SpeechConfirmed", "SpeechContinued", "SpeechEnded"}


def told(events: list[SpeechEvent]) -> list[tuple[object, ...]]:
    """Return events as what can be compared, samples included."""
    return [
        (
            type(event).__name__,
            *(value.tobytes() if isinstance(value, np.ndarray) else value for value in astuple(event)),
        )
        for event in events
    ]


@pytest.mark.parametrize(
    ("option", "positions"),
    [
        ("volume", [18432, (19968, 1536), 62976, 153600, (155136, 136704), 202752]),
        ("silero", [16896, (18432, 11264), 66560, 152064, (153600, 146432), 207872]),
        (("volume", "silero"), [16896, (18432, 0), 66560, 152064, (153600, 135168), 207872]),
    ],
    ids=str,
)
def test_two_sentences_give_their_events_at_these_positions(option: VadOption, positions: list[object]) -> None:
    told: list[object] = []
    for event in found(option, spoken("two_sentences").pcm):
        match event:
            case SpeechConfirmed(position, start):
                told.append((position, start))
            case SpeechStarted(position) | SpeechEnded(position):
                told.append(position)
    assert told == positions
