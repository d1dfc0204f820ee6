"""A recording that is saved, loaded, cut and played: what comes back is what was there."""

from __future__ import annotations

import copy
import io
import logging
import pickle
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from micdrop_widget import ArraySource, MicdropClient, MicdropServer, Recording, VirtualSpeaker
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.history import playback
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.tracks import FixedTracks, Stereo
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.wav_file import write_wav
from tests.paths import FIXTURES

RATE = 16_000
TURN = Turn(speech_start_ms=3000.0, stopped_ms=3600.0, heard_ms=4000.0, answer_end_ms=4500.0, user_text="Hello")


def sound(seconds: float, seed: int = 1) -> Stereo:
    """Return two tracks in which every sample would be missed."""
    samples: Stereo = np.random.default_rng(seed).integers(1, 8000, (round(seconds * RATE), 2)).astype(np.int16)
    return samples


def call(seconds: float = 8, *, start_s: int = 0) -> Recording:
    """Return the recording of a call, with a turn, an event and probabilities."""
    tracks = FixedTracks(sound(seconds), start_s * RATE)
    for window in range(10):
        tracks.speech.set(start_s * RATE + window * 512, window / 254)
    events = EventLog()
    events.add(3000.0, 48_000, "Message", {"content": "Grüße"})
    return Recording(None, tracks, events, lambda: Turns([TURN]))


def played(player: object) -> NDArray[np.int16]:
    """Return the samples that a player of a notebook holds."""
    samples, rate = soundfile.read(io.BytesIO(player.data), dtype="int16")  # type: ignore[attr-defined]
    assert rate == RATE
    return samples  # type: ignore[no-any-return]


@pytest.mark.parametrize("start_s", [0, 100])
def test_what_is_saved_is_loaded_with_all_that_is_known_of_the_call(tmp_path: Path, start_s: int) -> None:
    saved = call(start_s=start_s)
    saved.save(tmp_path / "call.wav")
    loaded = Recording.load(tmp_path / "call.wav")
    assert_array_equal(loaded.microphone, saved.microphone)
    assert_array_equal(loaded.assistant, saved.assistant)
    assert (loaded.start_s, loaded.duration_s) == (start_s, 8.0)
    assert loaded.turns == saved.turns
    assert loaded.events == saved.events
    assert_array_equal(loaded.speech_probability, saved.speech_probability)
    assert loaded.path == tmp_path / "call.wav"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_what_is_recorded_by_now(copied: Callable[[Recording], Recording]) -> None:
    recording = call(start_s=2)
    kept = copied(recording)
    assert_array_equal(kept.microphone, recording.microphone)
    assert_array_equal(kept.assistant, recording.assistant)
    assert_array_equal(kept.speech_probability, recording.speech_probability)
    assert (kept.start_s, kept.duration_s, list(kept.turns)) == (2.0, 8.0, [TURN])
    assert list(kept.events) == list(recording.events)
    recording.events.add(4000.0, 64_000, "EndCall")
    assert len(kept.events) == 1


async def test_the_recording_of_a_call_that_is_up_goes_to_another_process() -> None:
    async with MicdropServer() as server:
        source = ArraySource(FIXTURES / "sentence.wav", pace="fast")
        async with MicdropClient(server.url, source=source, sink=VirtualSpeaker(pace="fast"), vad="volume") as one:
            await one.start()
            await one.until(isAssistantSpeaking=True, timeout=30)
            assert one.recording is not None
            kept = pickle.loads(pickle.dumps(one.recording))
            assert_array_equal(kept.microphone, one.recording.microphone)
            assert len(kept.turns) == len(one.turns)


def test_what_is_loaded_may_be_longer_than_what_a_call_keeps(tmp_path: Path) -> None:
    write_wav(tmp_path / "long.wav", np.ones((601 * RATE, 2), np.int16))
    loaded = Recording.load(tmp_path / "long.wav")
    assert (loaded.duration_s, len(loaded.microphone)) == (601.0, 601 * RATE)


def test_other_programs_read_the_sound_and_pass_the_rest_over(tmp_path: Path) -> None:
    saved = call()
    saved.save(tmp_path / "call.wav")
    samples, _ = soundfile.read(tmp_path / "call.wav", dtype="int16")
    assert_array_equal(samples[:, 1], saved.assistant)
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert file.getnframes() == 8 * RATE
    assert_array_equal(as_pcm(tmp_path / "call.wav"), saved.microphone)


def test_the_sizes_of_the_file_are_those_that_its_header_says(tmp_path: Path) -> None:
    call().save(tmp_path / "call.wav")
    content = (tmp_path / "call.wav").read_bytes()
    assert struct.unpack_from("<I", content, 4) == (len(content) - 8,)


def test_a_foreign_file_has_sound_and_nothing_else(tmp_path: Path) -> None:
    samples = sound(2)
    soundfile.write(tmp_path / "call.flac", samples, RATE, subtype="PCM_16")
    loaded = Recording.load(tmp_path / "call.flac")
    assert_array_equal(loaded.microphone, samples[:, 0])
    assert_array_equal(loaded.assistant, samples[:, 1])
    assert (len(loaded.turns), len(loaded.events), loaded.start_s) == (0, 0, 0)
    assert np.isnan(loaded.speech_probability).all()
    swapped = Recording.load(tmp_path / "call.flac", user_channel=1, assistant_channel=0)
    assert_array_equal(swapped.microphone, samples[:, 1])
    assert not Recording.load(tmp_path / "call.flac", assistant_channel=None).assistant.any()


def test_a_file_of_one_channel_is_the_users_side(tmp_path: Path) -> None:
    samples = sound(1)[:, 0]
    write_wav(tmp_path / "mono.wav", samples)
    loaded = Recording.load(tmp_path / "mono.wav")
    assert_array_equal(loaded.microphone, samples)
    assert not loaded.assistant.any()


def test_a_file_of_another_rate_is_resampled(tmp_path: Path) -> None:
    times = np.arange(48_000) / 48_000
    soundfile.write(tmp_path / "48.wav", np.stack([np.sin(2000 * times), 0 * times], axis=1) / 2, 48_000)
    loaded = Recording.load(tmp_path / "48.wav")
    expected = np.sin(2000 * np.arange(16_000) / 16_000) / 2 * 32768
    assert np.abs(loaded.microphone[200:-200] - expected[200:-200]).max() < 20
    assert len(loaded.assistant) == 16_000


def test_events_and_turns_that_are_kept_elsewhere_are_given(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "call.wav", sound(1), RATE)
    events = EventLog()
    events.add(1.0, 16, "EndCall")
    loaded = Recording.load(tmp_path / "call.wav", events=events, turns=Turns([TURN]))
    assert loaded.events is events
    assert list(loaded.turns) == [TURN]


def test_a_file_that_is_cut_off_still_sounds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    call().save(tmp_path / "call.wav")
    whole = (tmp_path / "call.wav").read_bytes()
    for end in (whole.index(b"mdev") + 20, 44 + 3 * RATE):
        (tmp_path / "cut.wav").write_bytes(whole[:end])
        loaded = Recording.load(tmp_path / "cut.wav")
        assert loaded.duration_s > 0.7
        assert len(loaded.events) == len(loaded.turns) == 0
    assert caplog.messages == []
    (tmp_path / "odd.wav").write_bytes(whole.replace(b'"version": 1', b'"version": 9'))
    with caplog.at_level(logging.WARNING):
        assert Recording.load(tmp_path / "odd.wav").duration_s == 8.0
    assert "cannot be read (they are of version 9)" in caplog.text


@pytest.mark.parametrize("content", [b"", b"no sound at all"])
def test_what_is_no_audio_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "call.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"call\.wav is .* that cannot be read"):
        Recording.load(tmp_path / "call.wav")


def test_a_channel_that_is_not_there_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "call.wav", sound(1), RATE)
    with pytest.raises(ValueError, match="there is no channel 2, there are 2"):
        Recording.load(tmp_path / "call.wav", user_channel=2)


def test_both_sides_or_one_are_played_sample_for_sample() -> None:
    recording = call()
    both = played(recording.play())
    assert_array_equal(both[:, 0], recording.microphone)
    assert_array_equal(both[:, 1], recording.assistant)
    assert_array_equal(played(recording.play("user")), recording.microphone)
    assert_array_equal(played(recording.play(side="assistant")), recording.assistant)


def test_a_turn_is_played_with_half_a_second_around_it() -> None:
    recording = call(start_s=1)
    expected = recording.microphone[round(1.5 * RATE) : 4 * RATE]  # 2.5 s to 5 s of a recording that begins at 1 s
    for turn in (TURN, 0, -1):
        assert_array_equal(played(recording.play("user", turn=turn)), expected)
    assert_array_equal(played(recording.play("user", turn=0, end_s=3)), expected[: RATE // 2])


def test_a_stretch_is_played_as_far_as_there_is_one() -> None:
    recording = call(start_s=1)
    assert_array_equal(played(recording.play("user", start_s=0, end_s=2)), recording.microphone[:RATE])
    assert_array_equal(played(recording.play("user", start_s=8.5)), recording.microphone[-RATE // 2 :])
    with pytest.raises(ValueError, match=r"from 1\.0 s to 9\.0 s after the start"):
        recording.play(start_s=10)
    with pytest.raises(ValueError, match="nothing has happened yet in this turn"):
        recording.play(turn=Turn())
    with pytest.raises(ValueError, match="expected 'both', 'user' or 'assistant', got 'me'"):
        recording.play("me")  # type: ignore[arg-type]


def test_what_is_long_is_compressed_and_what_is_too_long_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = call()
    monkeypatch.setattr(playback, "MAX_PLAYED_BYTES", 150_000)
    assert len(recording.play("user", end_s=4).data) < 150_000
    player = recording.play()
    assert (player.mimetype, player.data[:4]) == ("audio/ogg", b"OggS")
    assert len(played(player)) == 8 * RATE
    monkeypatch.setattr(playback, "MAX_PLAYED_BYTES", 1000)
    with pytest.raises(ValueError, match="too long to be kept in a notebook"):
        recording.play()


def test_a_player_shows_itself_in_a_cell() -> None:
    html = call(1).play("user")._repr_html_()  # type: ignore[no-untyped-call]
    assert "<audio" in html
    assert 'src="data:audio/flac;base64,' in html


@given(st.integers(0, 50), st.none() | st.floats(-5, 70), st.none() | st.floats(-5, 70), st.booleans())
def test_a_chosen_part_is_inside_the_recording_and_inside_what_was_asked_for(
    recorded_from_s: int, start_s: float | None, end_s: float | None, has_turn: bool
) -> None:
    recording = call(8, start_s=recorded_from_s)
    try:
        begin, end = recording.span(turn=TURN if has_turn else None, start_s=start_s, end_s=end_s)
    except ValueError:
        first = max(recorded_from_s, start_s or 0, 2.5 if has_turn else 0)
        last = min(recorded_from_s + 8, 1e9 if end_s is None else end_s, 5 if has_turn else 1e9)
        assert first >= last - 1 / RATE
        return
    assert recorded_from_s * RATE <= begin < end <= (recorded_from_s + 8) * RATE
    assert start_s is None or begin >= start_s * RATE - 1
    assert end_s is None or end <= end_s * RATE + 1
    assert not has_turn or (begin >= 2.5 * RATE and end <= 5 * RATE)
    assert len(recording.stereo(begin, end)) == end - begin
