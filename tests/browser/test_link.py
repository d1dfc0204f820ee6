"""What the kernel makes of the microphone's messages: their order, their age, and what is missing among them."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micdrop_widget.audio import Pcm, Resampler
from micdrop_widget.browser import messages
from micdrop_widget.browser.link import Captured, ClockOffset, MicrophoneLink
from micdrop_widget.call.sources import Gap

FRAME = 512
BEHIND_MS = 5_000_000.0
"""How far the browser's clock is behind the kernel's, in these tests."""


def message(
    seq: int, *, dropped: int = 0, position: int | None = None, sent_ms: float | None = None
) -> messages.AudioFrame:
    """Return a message of one frame, whose samples count on from its position."""
    start = seq * FRAME + dropped if position is None else position
    pcm = np.arange(start, start + FRAME, dtype=np.int64).astype(np.int16)
    return messages.AudioFrame("a", 1, seq, start, dropped, seq * 32.0 if sent_ms is None else sent_ms, pcm)


def samples(captured: list[Captured]) -> Pcm:
    return np.concatenate([pcm for pcm in captured if not isinstance(pcm, Gap)] or [np.zeros(0, dtype=np.int16)])


def gaps(captured: list[Captured]) -> list[int]:
    return [gap.samples for gap in captured if isinstance(gap, Gap)]


def receive_all(link: MicrophoneLink, messages: list[messages.AudioFrame], late_ms: float = 5) -> list[Captured]:
    return [captured for sent in messages for captured in link.receive(sent, BEHIND_MS + sent.sent_ms + late_ms)]


def test_messages_in_time_and_in_order_pass_as_they_are() -> None:
    link = MicrophoneLink()
    captured = receive_all(link, [message(seq) for seq in range(100)])
    assert np.array_equal(samples(captured), np.arange(100 * FRAME).astype(np.int16))
    report = link.report
    assert (report.messages, report.lost_messages, report.reordered_messages, report.holds) == (100, 0, 0, 0)
    assert report.frame_ms == 32
    assert link.received_seq == 99


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60), reach=st.integers(0, 10))
def test_whatever_is_repeated_and_overtaken_comes_out_in_order_once(seed: int, count: int, reach: int) -> None:
    chance = random.Random(seed)
    order = sorted(range(count), key=lambda seq: seq + chance.uniform(0, reach))
    repeated = [seq for seq in order for _ in range(chance.choice([1, 1, 2]))]
    link = MicrophoneLink()
    captured = [out for seq in repeated for out in link.receive(message(seq), BEHIND_MS + seq * 32)]
    assert np.array_equal(samples(captured), np.arange(count * FRAME).astype(np.int16))
    assert gaps(captured) == []
    assert link.report.duplicate_messages == len(repeated) - count
    assert (link.report.reordered_messages > 0) == any(a > b for a, b in itertools.pairwise(order))


def test_a_lost_message_is_given_up_after_half_a_second_and_its_place_is_silent() -> None:
    link = MicrophoneLink()
    captured = receive_all(link, [message(seq) for seq in range(40) if seq != 3])
    expected = np.arange(40 * FRAME).astype(np.int16)
    expected[3 * FRAME : 4 * FRAME] = 0
    assert np.array_equal(samples(captured), expected)
    assert gaps(captured) == []
    assert link.report.lost_messages == 1


def test_many_lost_messages_are_a_gap_as_long_as_they_were() -> None:
    link = MicrophoneLink()
    captured = receive_all(link, [message(seq) for seq in range(60) if not 3 <= seq < 20])
    assert gaps(captured) == [17 * FRAME]
    assert link.report.lost_messages == 17
    assert link.report.held_ms == 17 * 32


def test_what_the_browser_dropped_on_hold_is_a_gap() -> None:
    link = MicrophoneLink()
    before = [message(seq) for seq in range(10)]
    after = [message(seq, dropped=320_000, sent_ms=seq * 32 + 20_000) for seq in range(10, 20)]
    captured = receive_all(link, [*before, *after])
    assert gaps(captured) == [320_000]
    assert len(samples(captured)) == 20 * FRAME
    assert (link.report.holds, link.report.dropped_ms, link.report.held_ms) == (1, 20_000, 20_000)


def test_what_arrives_more_than_two_seconds_late_is_stale_and_counted() -> None:
    link = MicrophoneLink()
    receive_all(link, [message(seq) for seq in range(10)])
    waited = [message(seq) for seq in range(10, 40)]  # sent within two seconds, read when the kernel is back after 20 s
    stale = [out for sent in waited for out in link.receive(sent, BEHIND_MS + 20_000)]
    assert stale == []
    fresh = message(40, dropped=300_000, sent_ms=20_300)
    captured = link.receive(fresh, BEHIND_MS + 20_305)
    assert gaps(captured) == [30 * FRAME + 300_000]
    assert np.array_equal(samples(captured), fresh.pcm)
    assert link.report.stale_ms == 30 * 32
    assert link.received_seq == 40


def test_a_delay_under_two_seconds_loses_nothing() -> None:
    link = MicrophoneLink()
    receive_all(link, [message(seq) for seq in range(10)])
    captured = [out for seq in range(10, 70) for out in link.receive(message(seq), BEHIND_MS + 70 * 32)]
    assert len(samples(captured)) == 60 * FRAME
    assert gaps(captured) == []
    assert link.report.max_lag_ms > 1900


def test_a_mute_is_a_gap_but_no_hold() -> None:
    link = MicrophoneLink()
    receive_all(link, [message(seq) for seq in range(5)])
    captured = receive_all(link, [message(5, position=500_000, sent_ms=31_250)])
    assert gaps(captured) == [500_000 - 5 * FRAME]
    assert (link.report.holds, link.report.held_ms) == (0, 0)


def test_a_short_mute_is_silent_and_what_follows_keeps_its_place() -> None:
    link = MicrophoneLink()
    captured = receive_all(link, [message(0), message(1), message(2, position=5 * FRAME)])
    assert np.array_equal(np.flatnonzero(samples(captured) == 0)[1:], np.arange(2 * FRAME, 5 * FRAME))
    assert len(samples(captured)) == 6 * FRAME


def test_the_prompt_sets_the_clocks_so_that_even_first_messages_can_be_stale() -> None:
    link = MicrophoneLink()
    link.set_clock(sent_ms=0, asked_ms=BEHIND_MS, now_ms=BEHIND_MS + 5)
    assert link.receive(message(0, sent_ms=100), BEHIND_MS + 5000) == []
    assert link.report.stale_ms == 32


def test_a_prompt_that_waited_with_the_audio_behind_it_makes_nothing_live() -> None:
    link = MicrophoneLink()
    link.set_clock(sent_ms=5, asked_ms=BEHIND_MS, now_ms=BEHIND_MS + 6000)
    assert [out for seq in range(60) for out in link.receive(message(seq), BEHIND_MS + 6000)] == []
    assert link.report.stale_ms == 60 * 32
    assert (
        len(samples(receive_all(link, [message(seq, sent_ms=6000 + seq * 32) for seq in range(60, 70)]))) == 10 * FRAME
    )


@pytest.mark.parametrize("slept_ms", [2500, 30_000, 3_600_000])
def test_a_page_whose_clock_stood_still_is_heard_again_within_some_seconds(slept_ms: int) -> None:
    link = MicrophoneLink()
    receive_all(link, [message(seq) for seq in range(50)])
    captured = [out for seq in range(50, 250) for out in link.receive(message(seq), BEHIND_MS + seq * 32 + slept_ms)]
    assert gaps(captured) == [link.report.stale_ms * 16]
    assert 3000 <= link.report.stale_ms < 3200
    assert link.report.lag_ms < 1


def test_what_waited_for_a_kernel_that_is_slow_to_read_it_does_not_become_live() -> None:
    link = MicrophoneLink()
    receive_all(link, [message(seq) for seq in range(50)])
    # 20 s of messages, read at twice the speed they were sent at
    captured = [out for seq in range(50, 600) for out in link.receive(message(seq), BEHIND_MS + 20_000 + seq * 16)]
    assert captured == []


def test_the_lag_is_measured_against_the_promptest_message_and_clocks_may_drift() -> None:
    offset = ClockOffset()
    assert offset.delay_ms(0, 1000) == 0
    assert offset.delay_ms(100, 1130) == pytest.approx(30, abs=0.2)
    hour_ms = 3_600_000.0
    delays = [offset.delay_ms(now * 0.9999, 1000 + now) for now in np.arange(1000, hour_ms, 1000)]
    assert max(delays) < 5  # a clock that is 100 ppm slow adds 360 ms in an hour, and is followed


def test_another_rate_comes_out_at_16_khz_and_gaps_are_counted_in_samples_of_16_khz() -> None:
    link = MicrophoneLink(48_000)
    time_s = np.arange(48_000 * 2) / 48_000
    tone = (8000 * np.sin(2 * np.pi * 440 * time_s)).astype(np.int16)
    pieces = [tone[start : start + 1536] for start in range(0, len(tone), 1536)]
    captured: list[Captured] = []
    for seq, pcm in enumerate(pieces):
        frame = messages.AudioFrame("a", 1, seq, seq * 1536, 0, seq * 32.0, pcm)
        captured += link.receive(frame, BEHIND_MS + seq * 32)
    pcm = samples(captured)
    assert len(pcm) == pytest.approx(32_000, abs=700)  # the filter holds a little back
    spectrum = np.abs(np.fft.rfft(pcm[:16_000] * np.hanning(16_000)))
    assert int(spectrum.argmax()) == 440
    late = messages.AudioFrame("a", 1, len(pieces), len(tone) + 48_000, 48_000, 10_000.0, pieces[0])
    assert gaps(link.receive(late, BEHIND_MS + 10_000)) == [16_000]


def test_silence_on_the_line_is_measured_from_the_last_message() -> None:
    link = MicrophoneLink()
    assert link.silent_ms(99) == 0
    link.receive(message(0), BEHIND_MS)
    assert link.silent_ms(BEHIND_MS + 1500) == 1500


def test_messages_at_the_rate_of_the_device_are_counted_at_it_and_come_out_at_16_khz() -> None:
    rate, size = 48_000, 1536
    pcm = (8000 * np.sin(np.arange(rate) * 0.05)).astype(np.int16)
    sent = [
        messages.AudioFrame("a", 1, seq, seq * size, 0, seq * 32.0, pcm[seq * size : (seq + 1) * size])
        for seq in range(len(pcm) // size)
    ]
    link = MicrophoneLink(rate)
    resampler = Resampler(rate)
    assert np.array_equal(
        samples(receive_all(link, sent)), np.concatenate([resampler.push(message.pcm) for message in sent])
    )
    assert link.report.frame_ms == 32
    after = messages.AudioFrame(
        "a", 1, len(sent), len(sent) * size + rate // 2, rate // 2, len(sent) * 32.0, pcm[:size]
    )
    assert gaps(receive_all(link, [after])) == [8000]
    assert link.report.dropped_ms == 500


def test_the_report_says_whether_the_latest_message_was_companded() -> None:
    link = MicrophoneLink()
    pcm = np.zeros(512, dtype=np.int16)
    reported = []
    for seq, kind in enumerate((messages.AudioFrame, messages.CompandedAudioFrame, messages.AudioFrame)):
        link.receive(kind("a", 1, seq, 512 * seq, 0, 32.0 * seq, pcm), 32.0 * seq)
        reported.append(link.report.is_companded)
    assert reported == [False, True, False]


def test_how_long_ago_something_was_is_known_once_a_message_has_come() -> None:
    link = MicrophoneLink()
    assert link.age_ms(100.0, 5000.0) == 0
    link.set_clock(100.0, 1095.0, 1100.0)
    assert link.age_ms(150.0, 1180.0) == 30
    assert link.age_ms(300.0, 1180.0) == 0
