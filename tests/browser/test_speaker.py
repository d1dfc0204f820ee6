"""The browser as loudspeaker, on the kernel's side. In virtual time."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from micdrop_widget.browser import BrowserSpeaker, Downlink, Pages, messages
from tests.harness.pages import RecordingCarrier, pages_with, virtual_timing
from tests.harness.virtual_time import in_virtual_time


def speaker(carrier: RecordingCarrier) -> tuple[BrowserSpeaker, list[tuple[int, int]]]:
    return speaker_of(carrier, pages_with("a", owner="a"))


def speaker_of(carrier: RecordingCarrier, pages: Pages) -> tuple[BrowserSpeaker, list[tuple[int, int]]]:
    reports: list[tuple[int, int]] = []
    timing = virtual_timing()
    browser_speaker = BrowserSpeaker(Downlink(carrier, timing), pages, timing)
    browser_speaker.bind(lambda epoch, samples: reports.append((epoch, samples)))
    return browser_speaker, reports


@in_virtual_time
async def test_at_most_two_seconds_wait_in_the_browser_and_all_of_it_arrives() -> None:
    carrier = RecordingCarrier()
    browser_speaker, reports = speaker(carrier)
    minute = np.arange(60 * 16000, dtype=np.int64).astype(np.int16)
    browser_speaker.play(0, minute)
    heard = 0
    while heard < len(minute):
        ahead = sum(len(pcm) for pcm in carrier.samples) - heard
        assert 0 < ahead <= 32000
        heard += min(ahead, 1600)
        browser_speaker.receive(messages.PlaybackProgress("a", 0, heard, 0, 0.0))
    assert np.array_equal(np.concatenate(carrier.samples), minute)
    starts = np.cumsum([0, *(len(pcm) for pcm in carrier.samples)])[:-1]
    assert [content["position"] for content in carrier.contents] == starts.tolist()
    assert reports[-1] == (0, len(minute))


@in_virtual_time
async def test_a_flush_forgets_what_waits_and_reports_of_before() -> None:
    carrier = RecordingCarrier()
    browser_speaker, reports = speaker(carrier)
    browser_speaker.play(0, np.zeros(100_000, dtype=np.int16))
    browser_speaker.flush(1)
    assert carrier.contents[-1] == {"type": "flush", "to": None, "epoch": 1}
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 16000, 0, 0.0))
    assert reports == []
    browser_speaker.play(1, np.ones(10, dtype=np.int16))
    assert carrier.contents[-1] == {"type": "play", "to": "a", "epoch": 1, "position": 0, "awaits_ack": False}
    assert len(carrier.samples[-1]) == 10


@in_virtual_time
async def test_silence_an_answers_beginning_and_what_a_dry_page_waits_for_are_urgent() -> None:
    carrier = RecordingCarrier()
    browser_speaker, _ = speaker(carrier)
    chunk = np.zeros(1600, dtype=np.int16)
    for _ in range(4):
        browser_speaker.play(0, chunk)
        await asyncio.sleep(0.01)
    assert carrier.urgent == [True, True, True, False]
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 1600, 0, 0.0))
    browser_speaker.play(0, chunk)
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 8000, 0, 0.0))
    await asyncio.sleep(0.01)
    browser_speaker.play(0, chunk)
    browser_speaker.flush(1)
    assert carrier.urgent[4:] == [False, True, True]


@in_virtual_time
async def test_of_small_chunks_not_each_is_urgent() -> None:
    carrier = RecordingCarrier()
    browser_speaker, _ = speaker(carrier)
    for _ in range(30):
        browser_speaker.play(0, np.zeros(320, dtype=np.int16))
        await asyncio.sleep(0.01)
    urgent_ms = [20 * number for number, is_urgent in enumerate(carrier.urgent) if is_urgent]
    assert urgent_ms == [0, 60, 120, 180, 240]


@pytest.mark.parametrize(
    ("chunk_ms", "urgent_ms"),
    [
        (10, [*range(0, 600, 50)]),
        (20, [*range(0, 600, 60)]),
        (40, [*range(0, 600, 80)]),
        (60, [0, 60, 120, 180, 240]),  # nothing is before them any more that they could be held back for
        (100, [0, 100, 200]),
    ],
)
@in_virtual_time
async def test_small_chunks_of_a_paced_answer_stay_urgent_while_the_page_has_few(
    chunk_ms: int, urgent_ms: list[int]
) -> None:
    carrier = RecordingCarrier()
    browser_speaker, _ = speaker(carrier)
    for sent_ms in range(0, 600, chunk_ms):
        browser_speaker.play(0, np.zeros(16 * chunk_ms, dtype=np.int16))
        await asyncio.sleep(chunk_ms / 1000)
        if sent_ms + chunk_ms == 80 or (sent_ms > 80 and sent_ms % 200 < chunk_ms):
            browser_speaker.receive(messages.PlaybackProgress("a", 0, 16 * (sent_ms + chunk_ms - 40), 0, 0.0))
    assert [chunk_ms * number for number, is_urgent in enumerate(carrier.urgent) if is_urgent] == urgent_ms


@in_virtual_time
async def test_what_can_wait_goes_behind_a_chunk_of_an_answer() -> None:
    carrier = RecordingCarrier()
    timing = virtual_timing(piggyback_after_s=0)
    downlink = Downlink(carrier, timing)
    browser_speaker = BrowserSpeaker(downlink, pages_with("a", owner="a"), timing)
    downlink.send_deferred(lambda: messages.ack("a", 1, 0, 0, 0), timing.long_delay_s)
    assert carrier.types() == []
    browser_speaker.play(1, np.zeros(32_000, dtype=np.int16))
    assert carrier.types() == ["play", "ack"]
    downlink.send_deferred(lambda: messages.ack("a", 1, 1, 0, 0), timing.long_delay_s)
    browser_speaker.play(1, np.zeros(1600, dtype=np.int16))
    assert carrier.types() == ["play", "ack"], "no room in the page: nothing has gone"


@in_virtual_time
async def test_small_chunks_of_a_burst_are_put_together_once_the_page_has_half_a_second() -> None:
    carrier = RecordingCarrier()
    browser_speaker, _ = speaker(carrier)
    answer = np.arange(36 * 1600, dtype=np.int64).astype(np.int16)
    for start in range(0, len(answer), 1600):
        browser_speaker.play(0, answer[start : start + 1600])
    for heard in range(3200, 44_800 + 1, 3200):
        browser_speaker.receive(messages.PlaybackProgress("a", 0, heard, 0, 0.0))
    await asyncio.sleep(0.2)
    assert [len(pcm) for pcm in carrier.samples] == [1600, *[8000] * 3, *[9600] * 3, 3200]
    assert carrier.urgent[:3] == [True, True, False], "with the second message the page begins to play"
    assert np.array_equal(np.concatenate(carrier.samples), answer)


@in_virtual_time
async def test_the_frames_of_one_chunk_go_in_two_messages() -> None:
    carrier = RecordingCarrier()
    browser_speaker, _ = speaker(carrier)
    for start_s in (0.0, 0.4):
        await asyncio.sleep(start_s - asyncio.get_running_loop().time())
        for _ in range(4):
            browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
            await asyncio.sleep(0.001)
        browser_speaker.receive(messages.PlaybackProgress("a", 0, sum(map(len, carrier.samples)), 0, 0.0))
    await asyncio.sleep(60)
    assert sizes_ms(carrier) == [100, 300, 100, 300]
    assert carrier.times_s == pytest.approx([0, 0.005, 0.4, 0.405])


@in_virtual_time
async def test_an_answer_that_is_cut_off_while_its_frames_are_put_together_is_not_sent() -> None:
    carrier = RecordingCarrier()
    browser_speaker, _ = speaker(carrier)
    browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    browser_speaker.flush(1)
    browser_speaker.play(1, np.ones(160, dtype=np.int16))
    await asyncio.sleep(60)
    assert carrier.types() == ["play", "flush", "play"]
    assert sizes_ms(carrier) == [100, 10], "the first audio of the next answer does not wait"


@in_virtual_time
async def test_what_comes_ahead_of_time_does_not_wait_for_more_than_a_fifth_of_a_second() -> None:
    carrier = RecordingCarrier()
    browser_speaker, _ = speaker(carrier)
    browser_speaker.play(0, np.zeros(8000, dtype=np.int16))
    browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    assert len(carrier.samples) == 1
    await asyncio.sleep(60)
    assert [len(pcm) for pcm in carrier.samples] == [8000, 3200]
    assert carrier.times_s == [0.0, 0.2]
    browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    browser_speaker.flush(1)
    await asyncio.sleep(60)
    assert len(carrier.samples) == 2, "cut off"


@pytest.mark.parametrize(
    ("after_s", "samples", "heard", "estimate"),
    [
        (0.1, 16_000, 1600, [(0, 3200)]),
        (60, 16_000, 1600, [(0, 6400)]),  # a page that does not report any more does not play either
        (0.1, 2000, 1600, [(0, 2000)]),
        (0.1, 1600, 1600, []),
        (0.1, 16_000, 0, []),
    ],
)
@in_virtual_time
async def test_what_was_heard_since_the_last_report_is_estimated_when_the_answer_is_cut_off(
    after_s: float, samples: int, heard: int, estimate: list[tuple[int, int]]
) -> None:
    browser_speaker, reports = speaker(RecordingCarrier())
    browser_speaker.play(0, np.zeros(samples, dtype=np.int16))
    if heard:
        browser_speaker.receive(messages.PlaybackProgress("a", 0, heard, 0, 0.0))
        assert reports.pop() == (0, heard)
    await asyncio.sleep(after_s)
    browser_speaker.flush(0)
    assert reports == [], "silent, but the same answer"
    browser_speaker.flush(1)
    assert reports == estimate


def slow_speaker(carrier: RecordingCarrier) -> BrowserSpeaker:
    timing = virtual_timing()
    downlink = Downlink(carrier, timing)
    downlink.is_fast = False
    return BrowserSpeaker(downlink, pages_with("a", owner="a"), timing)


def sizes_ms(carrier: RecordingCarrier) -> list[int]:
    return [len(pcm) // 16 for pcm in carrier.samples]


@in_virtual_time
async def test_on_a_slow_line_a_burst_goes_in_small_messages_as_they_arrive() -> None:
    carrier = RecordingCarrier()
    browser_speaker = slow_speaker(carrier)
    answer = np.arange(60_000, dtype=np.int64).astype(np.int16)
    browser_speaker.play(0, answer)
    assert sizes_ms(carrier) == [60, 60, 120, 60]
    assert all(content["awaits_ack"] for content in carrier.contents)
    browser_speaker.receive(messages.PlayReceived("a", 0, 960, 1_000_000.0))
    assert sizes_ms(carrier)[4:] == [110], "prompt: the window grows by 50 ms"
    for heard in range(0, 60_000, 1600):
        await asyncio.sleep(0.1)
        sent = sum(map(len, carrier.samples))
        browser_speaker.receive(messages.PlayReceived("a", 0, sent, 1_000_100.0))
        browser_speaker.receive(messages.PlaybackProgress("a", 0, min(heard, sent), 0, 0.0))
    assert np.array_equal(np.concatenate(carrier.samples), answer)
    positions = [content["position"] for content in carrier.contents]
    assert positions == np.cumsum([0, *(len(pcm) for pcm in carrier.samples)])[:-1].tolist()


@in_virtual_time
async def test_on_a_slow_line_small_chunks_of_a_paced_answer_go_together() -> None:
    carrier = RecordingCarrier()
    browser_speaker = slow_speaker(carrier)
    for number in range(1, 21):
        browser_speaker.play(0, np.zeros(160, dtype=np.int16))
        await asyncio.sleep(0.01)
        browser_speaker.receive(messages.PlayReceived("a", 0, 160 * max(0, number - 8), 10.0 * number))
    assert len(carrier.samples) <= 14
    assert set(sizes_ms(carrier)[1:]) <= {10, 20}


@in_virtual_time
async def test_the_last_small_chunk_on_a_slow_line_does_not_wait_for_acknowledgements_that_have_come() -> None:
    carrier = RecordingCarrier()
    browser_speaker = slow_speaker(carrier)
    browser_speaker.play(0, np.zeros(4960, dtype=np.int16))
    assert sum(map(len, carrier.samples)) == 4800, "the window is full"
    await asyncio.sleep(0.01)
    browser_speaker.receive(messages.PlayReceived("a", 0, 4800, 10.0))
    await asyncio.sleep(60)
    assert carrier.samples[-1].size == 160
    assert carrier.times_s[-1] == pytest.approx(0.02)


@in_virtual_time
async def test_a_slow_line_is_not_given_crumbs() -> None:
    carrier = RecordingCarrier()
    browser_speaker = slow_speaker(carrier)
    browser_speaker.play(0, np.zeros(60_000, dtype=np.int16))
    await asyncio.sleep(0.1)
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 100, 0, 0.0))
    assert sum(map(len, carrier.samples)) == 4800, "there is room for 100 samples more"
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 320, 0, 0.0))
    assert sum(map(len, carrier.samples)) == 5120


@in_virtual_time
async def test_on_a_slow_line_a_page_that_acknowledges_nothing_is_sent_more_after_a_second() -> None:
    carrier = RecordingCarrier()
    browser_speaker = slow_speaker(carrier)
    browser_speaker.play(0, np.zeros(60_000, dtype=np.int16))
    await asyncio.sleep(0.9)
    assert sum(sizes_ms(carrier)) == 300
    await asyncio.sleep(60)
    assert sum(sizes_ms(carrier)) == 2000


@in_virtual_time
async def test_what_waits_for_a_slow_line_is_cut_off_by_a_flush() -> None:
    carrier = RecordingCarrier()
    browser_speaker = slow_speaker(carrier)
    browser_speaker.play(0, np.zeros(60_000, dtype=np.int16))
    browser_speaker.flush(1)
    await asyncio.sleep(60)
    assert carrier.types() == [*["play"] * 4, "flush"]


@in_virtual_time
async def test_only_the_owner_says_what_was_heard() -> None:
    browser_speaker, reports = speaker(RecordingCarrier())
    browser_speaker.play(0, np.zeros(100, dtype=np.int16))
    browser_speaker.receive(messages.PlaybackProgress("b", 0, 100, 0, 0.0))
    assert reports == []
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 100, 0, 0.0))
    assert reports == [(0, 100)]


@in_virtual_time
async def test_an_answer_whose_page_is_gone_is_over() -> None:
    carrier = RecordingCarrier()
    browser_speaker, reports = speaker(carrier)
    browser_speaker.play(0, np.zeros(100_000, dtype=np.int16))
    browser_speaker.lose()
    assert reports == [(0, 100_000)]
    assert sum(len(pcm) for pcm in carrier.samples) == 32_000
    browser_speaker.lose()
    assert reports == [(0, 100_000)]


@in_virtual_time
async def test_an_answer_that_no_page_plays_does_not_wait() -> None:
    carrier = RecordingCarrier()
    browser_speaker, reports = speaker_of(carrier, pages_with())
    browser_speaker.play(0, np.zeros(100, dtype=np.int16))
    browser_speaker.play(0, np.zeros(50, dtype=np.int16))
    assert reports == [(0, 100), (0, 150)]
    assert carrier.contents == []


@in_virtual_time
async def test_another_page_plays_on_from_what_was_heard_and_the_first_is_silent() -> None:
    carrier = RecordingCarrier()
    pages = pages_with("a", "b", owner="a")
    browser_speaker, _ = speaker_of(carrier, pages)
    answer = np.arange(50_000, dtype=np.int64).astype(np.int16)
    for start in range(0, len(answer), 3_000):
        browser_speaker.play(0, answer[start : start + 3_000])
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 10_000, 0, 0.0))
    carrier.contents.clear()
    carrier.samples.clear()
    pages.owner = "b"
    browser_speaker.move("a")
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 12_000, 0, 0.0))  # too late to count
    browser_speaker.receive(messages.PlaybackProgress("b", 0, 30_000, 0, 0.0))
    assert carrier.contents[0] == {"type": "flush", "to": "a", "epoch": 0}
    assert {content["to"] for content in carrier.contents[1:]} == {"b"}
    assert carrier.contents[1]["position"] == 10_000
    assert np.array_equal(np.concatenate(carrier.samples), answer[10_000:])


@in_virtual_time
async def test_what_another_page_plays_first_is_urgent() -> None:
    carrier = RecordingCarrier()
    pages = pages_with("a", "b", owner="a")
    browser_speaker, _ = speaker_of(carrier, pages)
    for _ in range(3):
        browser_speaker.play(0, np.zeros(1600, dtype=np.int16))
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 800, 0, 0.0))
    carrier.urgent.clear()
    pages.owner = "b"
    browser_speaker.move("a")
    assert carrier.urgent[:2] == [False, True]  # silence where it was heard, and the first chunk where it goes on


@in_virtual_time
async def test_an_answer_given_up_is_not_played_again_where_the_call_moves() -> None:
    carrier = RecordingCarrier()
    browser_speaker, _ = speaker(carrier)
    browser_speaker.play(0, np.zeros(1000, dtype=np.int16))
    browser_speaker.lose()
    carrier.contents.clear()
    browser_speaker.move("a")
    assert [content["type"] for content in carrier.contents] == ["flush"]


async def test_a_report_says_how_old_it_is_while_it_is_made() -> None:
    browser_speaker, _ = speaker(RecordingCarrier())
    ages: list[float] = []
    browser_speaker.bind(lambda epoch, samples: ages.append(browser_speaker.heard_age_ms))
    browser_speaker.play(0, np.ones(16_000, np.int16))
    browser_speaker.receive(messages.PlaybackProgress("a", 0, 800, 0, 0.0), 12.5)
    browser_speaker.lose()
    assert ages == [12.5, 0.0]
