"""From samples to utterances: positions, pre-roll, and every sample exactly once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from micdrop_widget.audio import FRAME_SAMPLES, Pcm, pcm_to_float
from micdrop_widget.speech import (
    SpeechCancelled,
    SpeechConfirmed,
    SpeechContinued,
    SpeechEnded,
    SpeechEvent,
    SpeechStarted,
)
from micdrop_widget.vad import Segmenter
from tests.vad.scripted import ScriptedVAD

scripts = st.lists(st.sampled_from("sssmmSS"), max_size=40).map("".join)


def ramp(samples: int) -> Pcm:
    """Return samples of which each is a number of its own."""
    return np.arange(samples, dtype=np.int64).astype(np.int16)


def plain(events: list[SpeechEvent]) -> list[tuple[object, ...]]:
    """Return events as what can be compared."""
    told: list[tuple[object, ...]] = []
    for event in events:
        match event:
            case SpeechConfirmed(position, start, pcm):
                told.append(("confirmed", position, start, pcm.tobytes()))
            case SpeechContinued(pcm):
                told.append(("continued", pcm.tobytes()))
            case SpeechStarted(position) | SpeechCancelled(position) | SpeechEnded(position):
                told.append((type(event).__name__, position))
    return told


def run(script: str, pre_roll_ms: float = 320) -> list[SpeechEvent]:
    """Return the events of a script, a window a letter."""
    return Segmenter(ScriptedVAD(script, pre_roll_ms)).push(ramp(len(script) * FRAME_SAMPLES))


def short(events: list[SpeechEvent]) -> list[str]:
    """Return events as words, with positions in windows."""
    words = []
    for event in events:
        match event:
            case SpeechConfirmed(position, start):
                words.append(f"confirmed at {position // FRAME_SAMPLES} from {start // FRAME_SAMPLES}")
            case SpeechContinued():
                words.append("+")
            case SpeechStarted(position) | SpeechCancelled(position) | SpeechEnded(position):
                words.append(f"{type(event).__name__[6:].lower()} at {position // FRAME_SAMPLES}")
    return words


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("ss", []),
        ("sm", ["started at 2"]),
        ("smms", ["started at 2", "cancelled at 4"]),
        ("smS", ["started at 2", "confirmed at 3 from 0"]),
        ("sS", ["started at 2", "confirmed at 2 from 0"]),
        ("sSSs", ["started at 2", "confirmed at 2 from 0", "+", "+", "ended at 4"]),
        ("Ss", ["started at 1", "confirmed at 1 from 0", "+", "ended at 2"]),
        # Within speech "maybe" is speech, and the next speech begins after the last one.
        ("SmSs", ["started at 1", "confirmed at 1 from 0", "+", "+", "+", "ended at 4"]),
        (
            "SssS",
            ["started at 1", "confirmed at 1 from 0", "+", "ended at 2", "started at 4", "confirmed at 4 from 2"],
        ),
        ("s" * 30 + "S", ["started at 31", "confirmed at 31 from 20"]),
        ("s" * 30 + "mmS", ["started at 31", "confirmed at 33 from 20"]),
        ("s" * 30 + "m" * 9 + "S", ["started at 31", "confirmed at 40 from 20"]),
        ("s" * 30 + "m" * 19 + "S", ["started at 31", "confirmed at 50 from 30"]),
        ("s" * 30 + "msS", ["started at 31", "cancelled at 32", "started at 33", "confirmed at 33 from 22"]),
    ],
)
def test_events_by_hand(script: str, words: list[str]) -> None:
    assert short(run(script)) == words


@pytest.mark.parametrize(("pre_roll_ms", "windows"), [(0, 0), (1, 1), (32, 1), (33, 2), (320, 10), (500, 16)])
def test_the_pre_roll_is_whole_windows_rounded_up_in_front_of_the_onset(pre_roll_ms: float, windows: int) -> None:
    confirmed = run("s" * 40 + "S", pre_roll_ms)[-1]
    assert isinstance(confirmed, SpeechConfirmed)
    assert (confirmed.start, confirmed.position) == ((40 - windows) * FRAME_SAMPLES, 41 * FRAME_SAMPLES)
    assert_array_equal(confirmed.pcm, ramp(41 * FRAME_SAMPLES)[confirmed.start :])


@pytest.mark.parametrize("pre_roll_ms", [0, 320, 500])
def test_what_is_held_before_confirmation_is_bounded_by_pre_roll_and_300_ms(pre_roll_ms: float) -> None:
    confirmed = run("s" * 50 + "m" * 200 + "S", pre_roll_ms)[-1]
    assert isinstance(confirmed, SpeechConfirmed)
    bound = (pre_roll_ms + 300) * 16
    assert bound <= len(confirmed.pcm) < bound + FRAME_SAMPLES
    assert confirmed.start == confirmed.position - len(confirmed.pcm)


@given(scripts, st.lists(st.integers(0, 40 * FRAME_SAMPLES), max_size=12), st.integers(0, FRAME_SAMPLES))
def test_the_same_samples_give_the_same_events_however_they_are_chunked(
    script: str, cuts: list[int], rest: int
) -> None:
    pcm = ramp(len(script) * FRAME_SAMPLES + rest)
    whole = Segmenter(ScriptedVAD(script)).push(pcm)
    segmenter, chunked = Segmenter(ScriptedVAD(script)), list[SpeechEvent]()
    edges = [0, *sorted(cut for cut in cuts if cut < len(pcm)), len(pcm)]
    for start, end in pairwise(edges):
        assert segmenter.position == start
        chunked += segmenter.push(pcm[start:end])
    assert plain(chunked) == plain(whole)
    assert segmenter.position == len(pcm)


@given(scripts, st.integers(0, FRAME_SAMPLES - 1), st.sampled_from([0, 100, 320]))
def test_every_sample_of_an_utterance_is_given_exactly_once_as_it_was_heard(
    script: str, rest: int, pre_roll_ms: float
) -> None:
    pcm = ramp(len(script) * FRAME_SAMPLES + rest)
    segmenter = Segmenter(ScriptedVAD(script, pre_roll_ms))
    events = segmenter.push(pcm) + segmenter.finish()
    heard = np.concatenate([pcm, np.zeros(-len(pcm) % FRAME_SAMPLES, np.int16)])
    utterance: list[Pcm] = []
    start = end_of_last = 0
    for event in events:
        match event:
            case SpeechConfirmed(position, start, part):
                assert start >= end_of_last
                assert position == start + len(part)
                utterance = [part]
            case SpeechContinued(part):
                assert utterance, "nothing is continued"
                utterance.append(part)
            case SpeechEnded(position):
                assert_array_equal(np.concatenate(utterance), heard[start:position])
                end_of_last, utterance = position, []
    assert utterance == [], "an utterance without an end"


@given(scripts)
def test_the_order_of_events_is_that_of_the_protocol_page(script: str) -> None:
    segmenter = Segmenter(ScriptedVAD(script))
    names = " ".join(type(event).__name__[6:] for event in run(script)).replace("Continued", "+")
    for finished in ("Started Confirmed", "Started Cancelled"):
        names = names.replace(finished, finished.replace(" ", ">"))
    allowed = {"Started>Confirmed", "Started>Cancelled", "+", "Ended", "Started", ""}
    assert set(names.split(" ")) <= allowed
    assert "Started" not in names.split(" ")[:-1]
    assert segmenter.vad.resets == 1  # type: ignore[attr-defined]


def test_the_detector_sees_every_window_as_floats() -> None:
    vad = ScriptedVAD()
    Segmenter(vad).push(ramp(3 * FRAME_SAMPLES + 7))
    assert_array_equal(np.concatenate(vad.windows), pcm_to_float(ramp(3 * FRAME_SAMPLES)))
    assert vad.windows[0].dtype == np.float32


def test_the_end_of_the_stream_fills_the_last_window_with_silence_and_ends_an_utterance() -> None:
    segmenter = Segmenter(ScriptedVAD("SS"))
    segmenter.push(ramp(FRAME_SAMPLES + 7))
    continued, ended = segmenter.finish()
    assert isinstance(continued, SpeechContinued)
    assert_array_equal(continued.pcm[:7], ramp(FRAME_SAMPLES + 7)[FRAME_SAMPLES:])
    assert not continued.pcm[7:].any()
    assert ended == SpeechEnded(2 * FRAME_SAMPLES)
    assert segmenter.position == 2 * FRAME_SAMPLES


def test_the_end_of_the_stream_cancels_what_was_not_confirmed_and_is_silent_in_silence() -> None:
    segmenter = Segmenter(ScriptedVAD("m"))
    segmenter.push(ramp(FRAME_SAMPLES))
    assert segmenter.finish() == [SpeechCancelled(FRAME_SAMPLES)]
    assert segmenter.finish() == []
    assert Segmenter(ScriptedVAD()).finish() == []


def test_the_end_of_the_stream_ends_speech_once() -> None:
    segmenter = Segmenter(ScriptedVAD("Ss"))
    segmenter.push(ramp(FRAME_SAMPLES + 1))
    assert [type(event) for event in segmenter.finish()] == [SpeechContinued, SpeechEnded]


def test_after_a_reset_positions_go_on_from_the_given_one_and_nothing_older_is_returned() -> None:
    vad = ScriptedVAD("sm" + "s" + "S")
    segmenter = Segmenter(vad)
    segmenter.push(ramp(2 * FRAME_SAMPLES + 100))
    segmenter.reset(position=5000)
    assert segmenter.position == 5000
    assert vad.resets == 2
    events = segmenter.push(ramp(2 * FRAME_SAMPLES))
    assert plain(events) == [
        ("SpeechStarted", 5000 + 2 * FRAME_SAMPLES),
        ("confirmed", 5000 + 2 * FRAME_SAMPLES, 5000, ramp(2 * FRAME_SAMPLES).tobytes()),
    ]


def test_a_reset_within_an_utterance_drops_it_without_an_event() -> None:
    segmenter = Segmenter(ScriptedVAD("SSs"))
    segmenter.push(ramp(2 * FRAME_SAMPLES))
    segmenter.reset()
    assert segmenter.push(ramp(FRAME_SAMPLES)) == []


def test_the_samples_of_events_are_copies() -> None:
    pcm = ramp(FRAME_SAMPLES)
    (_, confirmed) = Segmenter(ScriptedVAD("S")).push(pcm)
    pcm[:] = 0
    assert isinstance(confirmed, SpeechConfirmed)
    assert_array_equal(confirmed.pcm, ramp(FRAME_SAMPLES))
    assert repr(confirmed) == "SpeechConfirmed(position=512, start=0, 512 samples)"
    assert repr(SpeechContinued(pcm)) == "SpeechContinued(512 samples)"


def test_a_pause_within_a_turn_is_reported_frame_by_frame_and_what_follows_joins_it() -> None:
    segmenter = Segmenter(ScriptedVAD("Ssssmsms" + "mSS"))
    samples = ramp(11 * FRAME_SAMPLES)
    events: list[SpeechEvent] = []
    for start in range(0, len(samples), FRAME_SAMPLES):
        events += segmenter.push(samples[start : start + FRAME_SAMPLES])
        segmenter.in_pause = isinstance(events[-1], SpeechEnded) or segmenter.in_pause
    confirmed = [event for event in events if isinstance(event, SpeechConfirmed)]
    assert [(event.position, event.start) for event in confirmed] == [(512, 0), (10 * 512, 9 * 512)]
    told = [event.pcm for event in events if isinstance(event, SpeechConfirmed | SpeechContinued)]
    assert_array_equal(np.concatenate(told), samples)


def test_after_a_pause_that_ended_the_turn_an_utterance_has_its_whole_pre_roll() -> None:
    segmenter = Segmenter(ScriptedVAD("SssssS", pre_roll_ms=64))
    samples = ramp(6 * FRAME_SAMPLES)
    segmenter.push(samples[: 2 * FRAME_SAMPLES])
    segmenter.in_pause = True
    segmenter.push(samples[2 * FRAME_SAMPLES : 4 * FRAME_SAMPLES])
    segmenter.in_pause = False
    (confirmed,) = [
        event for event in segmenter.push(samples[4 * FRAME_SAMPLES :]) if isinstance(event, SpeechConfirmed)
    ]
    assert confirmed.start == 3 * FRAME_SAMPLES
    assert_array_equal(confirmed.pcm, samples[3 * FRAME_SAMPLES :])
