"""Where on the time line of a recording each sample belongs, to the sample, by a clock of the test's own."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from micdrop_widget import Recording
from micdrop_widget.audio import SAMPLE_RATE, Pcm, pcm_to_bytes
from micdrop_widget.history.recorder import Recorder
from micdrop_widget.history.tracks import KEPT_SAMPLES, Piece, Silence, Stereo, Tracks

SECOND = SAMPLE_RATE


def tone(samples: int, first: int = 1) -> Pcm:
    """Return samples that count up and are never silence."""
    return (first + np.arange(samples) % 20_000).astype(np.int16)


def begun(*, live_source: bool = False, live_sink: bool = False) -> tuple[Recording, Recorder]:
    tracks = Tracks()
    return Recording(tracks=tracks), Recorder(tracks, 1000.0, live_source=live_source, live_sink=live_sink)


def whole(pieces: Iterable[Piece]) -> Stereo:
    """Return pieces as what a file holds of them."""
    return np.concatenate(
        [np.zeros((piece.samples, 2), np.int16) if isinstance(piece, Silence) else piece for piece in pieces]
    )


def samples_in(pieces: Iterable[Piece]) -> int:
    return sum(piece.samples if isinstance(piece, Silence) else len(piece) for piece in pieces)


def test_nothing_recorded_is_nothing() -> None:
    recording, recorder = begun()
    assert len(recorder.finish(5000.0)) == 0
    assert (len(recording.microphone), len(recording.assistant), recording.duration_s) == (0, 0, 0.0)


def test_a_frame_of_the_microphone_ends_at_the_time_it_comes() -> None:
    recording, recorder = begun()
    recorder.place_captured(tone(512), True, 1100.0)
    assert np.array_equal(recording.microphone, np.concatenate([np.zeros(1600 - 512), tone(512)]))
    assert not recording.assistant.any()
    assert len(recording.assistant) == 1600


@pytest.mark.parametrize("late_ms", [40, 150])
def test_a_live_microphone_begins_where_its_promptest_frame_says_not_where_its_first_one_came(late_ms: int) -> None:
    """A browser that starts its audio gives the first frames late, and then the others in time."""
    recording, recorder = begun(live_source=True)
    frames = [tone(512, 1 + number) for number in range(20)]
    for number, frame in enumerate(frames):
        recorder.place_captured(frame, True, max(1100.0 + late_ms, 1100.0 + 32 * number))
        recorder.place_probability(number / 20)
    microphone = recording.microphone
    begin = 1600 - 512
    assert np.array_equal(microphone[: begin + 20 * 512], np.concatenate([np.zeros(begin), *frames]))
    assert not microphone[begin + 20 * 512 :].any()
    assert recorder.position(1100.0 + 32 * 19 + 100) == 1600 + 19 * 512 + 1600
    probabilities = recording.speech_probability
    assert probabilities[~np.isnan(probabilities)] == pytest.approx(np.arange(20) / 20, abs=0.01)


def test_a_live_microphone_moves_back_no_further_than_what_is_written() -> None:
    recording, recorder = begun(live_source=True)
    recorder.queue_playback(0, tone(SECOND), 1000.0)
    recorder.place_heard(0, SECOND, 2000.0)
    written = samples_in(recorder.pop_settled(5000.0))
    assert written == SECOND
    for number in range(200):  # more than there is room for
        recorder.place_captured(tone(512, 1 + number), True, 5000.0 + number / 2)
    assert not recording.microphone[:written].any()
    assert recording.microphone[written:].all()
    assert samples_in(recorder.finish(5100.0)) == recording.microphone[written:].size


def test_a_source_that_is_read_at_once_begins_where_it_was_read() -> None:
    recording, recorder = begun()
    for number in range(3):
        recorder.place_captured(tone(512, 1 + number), True, 1100.0)
    assert np.array_equal(recording.microphone[1600 - 512 : 1600], tone(512))


def test_frames_that_are_slow_to_come_follow_without_a_gap() -> None:
    recording, recorder = begun()
    recorder.place_captured(tone(1600), True, 1100.0)
    recorder.place_captured(tone(1600, 5), True, 1600.0)
    recorder.place_captured(tone(1600, 9), True, 1601.0)
    assert np.array_equal(recording.microphone, np.concatenate([tone(1600), tone(1600, 5), tone(1600, 9)]))


def test_a_microphone_that_gave_nothing_for_a_while_leaves_silence() -> None:
    recording, recorder = begun()
    recorder.place_captured(tone(1600), True, 1100.0)
    recorder.place_captured(tone(1600), True, 3000.0)
    recorder.finish(3000.0)
    microphone = recording.microphone
    assert len(microphone) == 2 * SECOND
    assert not microphone[1600:-1600].any()
    assert np.array_equal(microphone[-1600:], tone(1600))


def test_what_nobody_listened_to_is_silence_of_the_same_length() -> None:
    recording, recorder = begun()
    recorder.place_captured(tone(1600), True, 1100.0)
    recorder.place_captured(tone(800), False, 1150.0)
    recorder.place_captured(tone(1600), True, 1250.0)
    assert np.array_equal(recording.microphone, np.concatenate([tone(1600), np.zeros(800), tone(1600)]))


def test_an_answer_is_where_it_was_heard() -> None:
    recording, recorder = begun()
    recorder.queue_playback(0, tone(SECOND), 2000.0)
    recorder.place_heard(0, 160, 2050.0)  # it began 40 ms after it was given
    recorder.place_heard(0, 1760, 2155.0)  # the report is 5 ms late
    recorder.place_heard(0, SECOND, 3040.0)
    assistant = recording.assistant
    began = SECOND + 40 * 16
    assert not assistant[:began].any()
    assert np.array_equal(assistant[began:], tone(SECOND))


def test_frames_that_were_held_up_for_long_follow_without_a_gap_once_they_come() -> None:
    recording, recorder = begun()
    recorder.place_captured(tone(SECOND), True, 2000.0)
    for number in range(31):  # what was captured within a second comes within 31 ms
        recorder.place_captured(tone(512, number), True, 3000.0 + number)
        recorder.place_probability(number / 100)
    recorder.place_captured(tone(512, 31), True, 3024.0)
    assert np.array_equal(
        recording.microphone, np.concatenate([tone(SECOND), *(tone(512, number) for number in range(32))])
    )
    windows = recording.speech_probability
    assert windows[SECOND // 512 + 20] == pytest.approx(0.2, abs=0.02)


def test_a_microphone_that_gave_nothing_goes_on_where_its_frames_come() -> None:
    recording, recorder = begun()
    recorder.place_captured(tone(SECOND), True, 2000.0)
    for number in range(10):
        late_ms = 30 if number == 0 else 0
        recorder.place_captured(tone(512, number), True, 3000.0 + 32 * number + late_ms)
    first = 2 * SECOND - 512
    microphone = recording.microphone
    assert not microphone[SECOND:first].any()
    assert np.array_equal(microphone[first:], np.concatenate([tone(512, number) for number in range(10)]))


def test_a_pause_within_an_answer_is_where_it_was() -> None:
    recording, recorder = begun()
    recorder.queue_playback(0, tone(1600), 1000.0)
    recorder.place_heard(0, 1600, 1100.0)
    recorder.queue_playback(0, tone(1600, 7), 1300.0)
    recorder.place_heard(0, 3200, 1400.0)
    assert np.array_equal(recording.assistant, np.concatenate([tone(1600), np.zeros(3200), tone(1600, 7)]))


def test_what_was_flushed_is_cut_off_at_the_last_sample_reported() -> None:
    recording, recorder = begun()
    recorder.queue_playback(3, tone(SECOND), 1000.0)
    recorder.place_heard(3, 8000, 1500.0)
    recorder.flush(4)
    recorder.place_heard(3, SECOND, 2000.0)
    recorder.queue_playback(3, tone(SECOND), 2000.0)
    recorder.queue_playback(4, tone(800, 9), 2000.0)
    recorder.place_heard(4, 800, 2050.0)
    assert np.array_equal(recording.assistant, np.concatenate([tone(8000), np.zeros(8000), tone(800, 9)]))


def test_a_sink_that_hears_at_once_hears_an_answer_after_the_question() -> None:
    """Both run faster than the clock: the microphone is the time line."""
    recording, recorder = begun()
    recorder.place_captured(tone(3 * SECOND), True, 1010.0)
    for number in range(3):
        recorder.queue_playback(0, tone(1600, 1 + number), 1020.0)
        recorder.place_heard(0, 1600 * (number + 1), 1020.0)
        recorder.place_captured(tone(SECOND), True, 1021.0)
    heard = np.concatenate([tone(1600), tone(1600, 2), tone(1600, 3)])
    assert np.array_equal(recording.assistant[3 * SECOND :][: len(heard)], heard)
    assert np.count_nonzero(recording.assistant) == len(heard)


def test_what_a_live_sink_gives_up_was_not_heard() -> None:
    recording, recorder = begun(live_sink=True)
    recorder.queue_playback(0, tone(10 * SECOND), 1000.0)
    recorder.place_heard(0, SECOND, 2000.0)
    recorder.place_heard(0, 10 * SECOND, 2000.0)  # the page is gone
    heard = recording.assistant[recording.assistant != 0]
    assert np.array_equal(heard, tone(10 * SECOND)[: SECOND + 1600]), "no more than the reports are inexact"


def test_a_report_of_more_than_was_given_is_believed_as_far_as_there_is_something() -> None:
    recording, recorder = begun()
    recorder.place_heard(0, 5, 1000.0)
    recorder.queue_playback(0, tone(10), 1000.0)
    recorder.place_heard(0, 50, 1001.0)
    recorder.place_heard(0, 60, 1002.0)
    assert np.array_equal(recording.assistant[recording.assistant != 0], tone(10))


def test_the_last_ten_minutes_are_kept_and_no_more() -> None:
    recording, recorder = begun()
    for second in range(661):
        recorder.place_captured(np.full(SECOND, 1 + second, dtype=np.int16), True, 2000.0 + 1000 * second)
    microphone = recording.microphone
    assert len(microphone) == len(recording.assistant) == KEPT_SAMPLES
    assert (recording.start_s, recording.duration_s) == (61.0, 600.0)
    assert (microphone[0], microphone[-1]) == (62, 661)
    assert len(recorder._tracks._kept[1]) <= 61, "chunks of ten seconds"
    assert repr(recording) == "<Recording of 600.0 s, from 61.0 s after the start>"


def test_a_silence_longer_than_what_is_kept_costs_no_more_memory() -> None:
    recording, recorder = begun()
    recorder.place_captured(tone(SECOND), True, 2000.0)
    recorder.place_captured(tone(SECOND), True, 2000.0 + 24 * 3_600_000)
    assert len(recorder._tracks._kept[1]) <= 61
    assert np.array_equal(recording.microphone[-SECOND:], tone(SECOND))
    assert np.count_nonzero(recording.microphone) == SECOND


@pytest.mark.parametrize("seed", range(30))
def test_the_settled_pieces_are_the_whole_call(seed: int) -> None:
    """Whatever arrives after a piece was settled belongs after it."""
    chance = np.random.default_rng(seed)
    recording, recorder = begun(live_sink=bool(seed % 2))
    now_ms, epoch, sent, heard = 1000.0, 0, 0, 0
    pieces: list[Piece] = []
    for _ in range(600):
        now_ms += float(chance.choice([0, 5, 40, 200, 3000], p=[0.2, 0.3, 0.3, 0.18, 0.02]))
        match chance.integers(6):
            case 0 | 1:
                recorder.place_captured(tone(int(chance.integers(1, 4000))), bool(chance.integers(2)), now_ms)
            case 2:
                count = int(chance.integers(1, 8000))
                recorder.queue_playback(epoch, tone(count), now_ms)
                sent += count
            case 3:
                heard = int(chance.integers(heard, sent + 1))
                recorder.place_heard(epoch, heard, now_ms)
            case 4 if chance.integers(4) == 0:
                epoch, sent, heard = epoch + 1, 0, 0
                recorder.flush(epoch)
            case 5:
                pieces.extend(recorder.pop_settled(now_ms))
    pieces.extend(recorder.finish(now_ms))
    written = whole(pieces)
    assert len(written) < KEPT_SAMPLES
    assert np.array_equal(written[:, 0], recording.microphone)
    assert np.array_equal(written[:, 1], recording.assistant)


def test_the_settled_pieces_are_the_whole_call_when_memory_holds_only_its_end() -> None:
    _, recorder = begun()
    pieces: list[Piece] = []
    for second in range(660):
        now_ms = 2000.0 + 1000 * second
        pieces.extend(recorder.pop_settled(now_ms))
        recorder.place_captured(np.full(SECOND, 1 + second, dtype=np.int16), True, now_ms)
    pieces.extend(recorder.finish(661_000.0))
    written = whole(pieces)
    assert np.array_equal(written[:, 0], np.repeat(np.arange(1, 661), SECOND))


def test_an_hour_muted_is_settled_as_one_silence() -> None:
    recording, recorder = begun()
    recorder.place_captured(tone(SECOND), True, 2000.0)
    hour_later = 2000.0 + 3_600_000
    (before,) = recorder.pop_settled(hour_later)
    recorder.place_captured(tone(SECOND), True, hour_later)
    silence, after = recorder.finish(hour_later)
    assert silence == Silence(3599 * SECOND)
    assert np.array_equal(whole([before, after])[:, 0], np.concatenate([tone(SECOND)] * 2))
    assert recording.duration_s == 600


def test_what_waits_for_the_loudspeaker_is_settled_before_a_long_silence() -> None:
    """The loudspeaker never reports, and the microphone is muted for longer than memory goes back."""
    _, recorder = begun()
    recorder.queue_playback(0, tone(10), 1000.0)
    recorder.place_captured(tone(SECOND), True, 2000.0)
    assert recorder.pop_settled(3000.0) == []
    (before,) = recorder.pop_settled(700_000.0)
    assert np.array_equal(whole([before])[:, 0], tone(SECOND))


def test_ten_minutes_of_sound_are_settled_in_pieces_of_ten_seconds_at_most() -> None:
    _, recorder = begun()
    for second in range(600):
        recorder.place_captured(np.ones(SECOND, dtype=np.int16), True, 2000.0 + 1000 * second)
    pieces = recorder.finish(601_000.0)
    assert [len(piece) for piece in pieces if isinstance(piece, np.ndarray)] == [10 * SECOND] * 60
    assert samples_in(pieces) == 600 * SECOND


def test_a_player_that_never_reports_does_not_hold_the_file_up_for_more_than_ten_minutes() -> None:
    _, recorder = begun()
    recorder.queue_playback(0, tone(10), 1000.0)
    settled = 0
    for second in range(661):
        recorder.place_captured(np.ones(SECOND, dtype=np.int16), True, 2000.0 + 1000 * second)
        settled += samples_in(recorder.pop_settled(2000.0 + 1000 * second))
    assert settled == 61 * SECOND


def test_a_saved_recording_has_the_microphone_left_and_the_assistant_right(tmp_path: Path) -> None:
    recording, recorder = begun()
    recorder.queue_playback(0, tone(800, 9), 1050.0)
    recorder.place_captured(tone(1600), True, 1100.0)
    recorder.place_heard(0, 800, 1100.0)
    path = tmp_path / "call.wav"
    recording.save(path)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 16_000)
        frames = file.readframes(file.getnframes())
    right = np.concatenate([np.zeros(800, dtype=np.int16), tone(800, 9)])
    assert frames == pcm_to_bytes(np.stack([tone(1600), right], axis=1))


def test_a_flush_to_an_epoch_that_is_over_drops_nothing() -> None:
    recording, recorder = begun()
    recorder.queue_playback(4, tone(1600), 1000.0)
    recorder.flush(3)
    recorder.place_heard(4, 1600, 1100.0)
    assert np.array_equal(recording.assistant, tone(1600))


def test_an_answer_whose_first_report_is_late_is_recorded_whole() -> None:
    recording, recorder = begun(live_sink=True)
    recorder.queue_playback(0, tone(SECOND), 1000.0)
    recorder.place_heard(0, 3200, 1350.0)  # heard by 1200
    for heard in range(6400, SECOND + 1, 3200):
        recorder.place_heard(0, heard, 1000.0 + heard / 16)
    assert np.array_equal(np.trim_zeros(recording.assistant), tone(SECOND))
